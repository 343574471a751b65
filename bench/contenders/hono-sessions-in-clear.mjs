import { honoSessions } from "./_hono-sessions.mjs";

/** The cheaper way, by its default. */
export const hono = () => honoSessions({});
