import { sequence } from "@sveltejs/kit/hooks";
import { sessions } from "#lib/server/sessions.ts";

export const handle = sequence(sessions.routes({ path: "/account" }), sessions.public());
