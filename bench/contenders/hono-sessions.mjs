import { honoSessions } from "./_hono-sessions.mjs";

/** With the encryption of the id that its documentation recommends for every store. */
export const hono = () => honoSessions({ encryptionKey: "password_at_least_32_characters_long" });
