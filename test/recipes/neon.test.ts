import { connect } from "node:net";
import { postgresStore } from "sessionup/stores/postgres";
import { storeContract } from "sessionup/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createWebSocketStream, WebSocketServer } from "ws";
import { type PostgresServer, startPostgres, WITHOUT_FSYNC } from "../support/servers/postgres.ts";
import { installOrms } from "./packages.ts";

await installOrms();

/** Forwards WebSockets to the server, as Neon's proxy does. */
async function startProxy(port: number): Promise<{ readonly address: string; close(): void }> {
  const proxy = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  proxy.on("connection", (socket) => {
    const [client, server] = [createWebSocketStream(socket), connect(port, "127.0.0.1")];
    const end = () => [client, server].map((stream) => stream.destroy());
    for (const stream of [client, server]) stream.on("error", end).on("close", end);
    client.pipe(server).pipe(client);
  });
  await new Promise((resolve) => proxy.once("listening", resolve));
  const address = proxy.address();
  if (typeof address !== "object" || !address) throw new Error("The proxy does not listen on a TCP port.");
  return { address: `127.0.0.1:${address.port}`, close: () => proxy.close() };
}

describe("the Pool of @neondatabase/serverless", () => {
  let server: PostgresServer;
  let pool: typeof import("./hosting/neon.ts")["pool"];
  let proxy: Awaited<ReturnType<typeof startProxy>>;

  beforeAll(async () => {
    server = await startPostgres(WITHOUT_FSYNC);
    proxy = await startProxy(server.port);
    process.env.DATABASE_URL = server.url;
    const { neonConfig } = await import("@neondatabase/serverless");
    const app = await import("./hosting/neon.ts");
    pool = app.pool;
    Object.assign(neonConfig, {
      wsProxy: () => proxy.address,
      useSecureWebSocket: false,
      pipelineTLS: false,
      pipelineConnect: false,
    });
    await app.store.migrate();
  });

  afterAll(async () => {
    await pool.end();
    proxy.close();
    await server.stop();
  });

  storeContract({ describe, it }, { create: () => postgresStore(pool) });
});
