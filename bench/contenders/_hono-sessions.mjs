import { MemoryStore, sessionMiddleware } from "hono-sessions";

/** @param {{ encryptionKey?: string }} options */
export const honoSessions = (options) => ({
  use: (app) =>
    app.use(
      "*",
      sessionMiddleware({
        store: new MemoryStore(),
        ...options,
        expireAfterSeconds: 86_400,
        cookieOptions: { sameSite: "Lax", path: "/", httpOnly: true },
      }),
    ),
  guard: async (c, next) => (c.get("session").get("user") ? next() : c.body(null, 401)),
  userKey: (c) => c.get("session").get("user"),
  login(userKey, c) {
    c.get("session").set("user", userKey);
    c.set("session_key_rotation", true);
  },
  logout: (c) => c.get("session").deleteSession(),
});
