import { Database } from "bun:sqlite";
import { sqliteStore } from "sessionup/stores/sqlite";
import { createApp } from "./app.ts";

const store = sqliteStore(new Database(process.env.DATABASE ?? "sessions.db"));
await store.migrate();

const server = Bun.serve({
  fetch: createApp(store, (request, server: Bun.Server<undefined>) => server.requestIP(request)?.address),
  port: process.env.PORT ?? 8080,
  hostname: "127.0.0.1",
});
console.log(`http://localhost:${server.port}`);
