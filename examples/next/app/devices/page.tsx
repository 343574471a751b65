import { refresh } from "next/cache";
import { redirect } from "next/navigation";
import { sessions } from "../../lib/sessions";

async function end(form: FormData) {
  "use server";
  await sessions.revokeOwn(String(form.get("id")));
  refresh();
}

async function logout() {
  "use server";
  await sessions.revoke();
  redirect("/");
}

export default async function Devices() {
  if (!(await sessions.get())) redirect("/");
  const devices = await sessions.fetchAll();
  return (
    <>
      {devices.map(({ id, agent, lastSeenAt, current }) => (
        <form action={end} key={id}>
          {`${agent?.browser ?? "somewhere"}, ${lastSeenAt.toISOString()}`} {current && "(this one)"}
          <button type="submit" name="id" value={id}>
            End
          </button>
        </form>
      ))}
      <form action={logout}>
        <button type="submit">Log out</button>
      </form>
    </>
  );
}
