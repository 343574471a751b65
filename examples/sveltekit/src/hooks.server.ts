import { sequence } from "@sveltejs/kit/hooks";
import { sessionRoutes } from "sessionup/routes";
import { sessions } from "#lib/server/sessions.ts";

export const handle = sequence(sessionRoutes(sessions, { path: "/account" }), sessions.public());
