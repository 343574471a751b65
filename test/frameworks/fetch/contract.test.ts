import { adapterContract } from "sessionup/testing";
import type { ServerRequest } from "srvx";
import { describe, it } from "vitest";
import { FETCH_SKIP, fetchApp } from "./app.ts";

/** The srvx entry for this runtime: `Bun.serve`, `Deno.serve`, otherwise node:http. */
const platform = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
const { serve }: typeof import("srvx") = await import(/* @vite-ignore */ `srvx/${platform}`);

describe("sessionup/fetch on srvx", () => {
  adapterContract(
    { describe, it },
    {
      skip: FETCH_SKIP,
      async start(app) {
        const fetch = fetchApp(app, (request) => (request as ServerRequest).ip);
        const server = serve({ fetch, port: 0, hostname: "127.0.0.1", silent: true });
        await server.ready();
        return { origin: (server.url ?? "").replace(/\/$/, ""), close: () => server.close(true) };
      },
    },
  );
});
