import { honoSessions } from "./_hono-sessions.mjs";

/** Encrypts the id, as the documentation recommends for every store. */
export const hono = () => honoSessions({ encryptionKey: "password_at_least_32_characters_long" });
