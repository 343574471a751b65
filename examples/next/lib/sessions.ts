import { cookies, headers } from "next/headers";
import { Manager, type Store } from "sessionup";
import { nextSessions } from "sessionup/next";
import { memoryStore } from "sessionup/stores/memory";

// Next.js loads this module once for each kind of code that imports it. All of them must share one store.
const shared = globalThis as { sessionupStore?: Store };
shared.sessionupStore ??= memoryStore();

export const manager = new Manager(shared.sessionupStore, { idleTimeout: "30m" });
export const sessions = nextSessions(manager, { headers, cookies });
