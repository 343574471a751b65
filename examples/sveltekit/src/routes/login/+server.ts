import { redirect } from "@sveltejs/kit";
import { sessions } from "#lib/server/sessions.ts";
import type { RequestHandler } from "./$types";

// A real app checks a password first.
export const POST: RequestHandler = async (event) => {
  const form = event.request.headers.has("content-type")
    ? await event.request.formData()
    : event.url.searchParams;
  await sessions.init(event, String(form.get("name") || "ann"));
  redirect(303, "/");
};
