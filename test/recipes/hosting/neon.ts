import { neonConfig, Pool } from "@neondatabase/serverless";
import { Manager } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";
import { WebSocket } from "ws";

neonConfig.webSocketConstructor = WebSocket; // Node 20 has no WebSocket of its own.

export const pool = new Pool({ connectionString: process.env.DATABASE_URL ?? "" });
pool.on("error", (error: Error) => console.error(error)); // An idle connection broke.

export const store = postgresStore(pool, { cleanupEvery: false });
export const manager = new Manager(store);
