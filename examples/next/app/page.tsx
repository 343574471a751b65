import { redirect } from "next/navigation";
import { sessions } from "../lib/sessions";

async function login(form: FormData) {
  "use server";
  // A real app checks a password first.
  await sessions.init(String(form.get("name") || "ann"));
  redirect("/devices");
}

export default async function Home() {
  const session = await sessions.get();
  return (
    <>
      <p>{`Hello, ${session?.userKey ?? "stranger"}`}</p>
      <form action={login}>
        <input name="name" placeholder="any name" />
        <button type="submit">Log in</button>
      </form>
    </>
  );
}
