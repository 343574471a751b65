import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";

// `lax`, because the login ends with a navigation that started at the identity provider.
export const manager = new Manager(memoryStore(), { idleTimeout: "30m", cookie: { sameSite: "lax" } });
export const sessions = expressSessions(manager);
