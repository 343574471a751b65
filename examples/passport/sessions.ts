import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";

export const manager = new Manager(memoryStore(), {
  idleTimeout: "30m",
  // The login ends with a navigation that started at the identity provider.
  cookie: { sameSite: "lax" },
  // Seals the cookie in which a login waits for its callback.
  keys: [process.env.SESSION_KEY ?? "a key for the example only, which is long"],
});
export const sessions = expressSessions(manager);
