import { Manager } from "sessionup";
import { contextSessions } from "sessionup/context";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";

// `lax`, because a login by an identity provider ends with a navigation that started there.
export const manager = new Manager(memoryStore(), { idleTimeout: "30m", cookie: { sameSite: "lax" } });
export const sessions = expressSessions(manager);
/** The same methods for the hooks of better-auth, which do not receive Express's request. */
export const current = contextSessions(sessions);
