import { cookies, headers } from "next/headers";
import { Manager, type Store } from "sessionup";
import { nextSessions } from "sessionup/next";
import { memoryStore } from "sessionup/stores/memory";

// Next.js may load this module several times. All copies must share one store.
const shared = globalThis as { sessionupStore?: Store };
shared.sessionupStore ??= memoryStore();

// `lax`, because the login ends with a navigation that started at the identity provider.
const manager = new Manager(shared.sessionupStore, { idleTimeout: "30m", cookie: { sameSite: "lax" } });
export const sessions = nextSessions(manager, { headers, cookies });
