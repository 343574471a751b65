// A CommonJS app that TypeScript compiles with `module: nodenext`.
import { Manager } from "sessionup";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";

export const sessions = nodeSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));
