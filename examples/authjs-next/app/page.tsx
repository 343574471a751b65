import { signIn } from "../auth";
import { sessions } from "../lib/sessions";

async function begin() {
  "use server";
  await signIn("local");
}

export default async function Home() {
  const session = await sessions.get();
  if (!session)
    return (
      <form action={begin}>
        <p>Hello, stranger</p>
        <button type="submit">Sign in</button>
      </form>
    );
  return (
    <form action="/api/auth/signout" method="post">
      <p>{`Hello, ${session.userKey}`}</p>
      <button type="submit">Sign out</button>
    </form>
  );
}
