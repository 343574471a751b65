import { connection } from "next/server";
import { app } from "../_app.js";

async function cached() {
  "use cache";
  return app().show("cached");
}

export default async function Page() {
  await connection();
  const text = await cached().catch((error) => error.message);
  return <output id="page">{text}</output>;
}
