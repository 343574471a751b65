import { connection } from "next/server";
import { app } from "../_app.js";

async function act(form) {
  "use server";
  await app().act(form.get("act"));
}

export default async function Page() {
  await connection();
  return (
    <form action={act}>
      <output id="page">{await app().show("page")}</output>
      <input name="act" />
    </form>
  );
}
