import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

export const GET: RequestHandler = async (event) => {
  await sessions.guard(event);
  return Response.json(await sessions.fetchAll(event));
};
