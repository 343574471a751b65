import { redirect } from "@sveltejs/kit";
import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async (event) => {
  await sessions.revoke(event);
  redirect(303, "/");
};
