import { honoSessions } from "./_hono-sessions.mjs";

/** The default, without encryption of the id. It costs less. */
export const hono = () => honoSessions({});
