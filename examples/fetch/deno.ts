import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "sessionup/stores/sqlite";
import { createApp } from "./app.ts";

const store = sqliteStore(new DatabaseSync(Deno.env.get("DATABASE") ?? "sessions.db"));
await store.migrate();

Deno.serve(
  {
    port: Number(Deno.env.get("PORT") ?? 8080),
    hostname: "127.0.0.1",
    onListen: ({ port }) => console.log(`http://localhost:${port}`),
  },
  createApp(store, (_request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => remoteAddr.hostname),
);
