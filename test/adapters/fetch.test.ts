import { type FetchContext, fetchSessions } from "sessionup/fetch";
import { adapterContract, type ContractApp, type ContractReply } from "sessionup/testing";
import type { ServerRequest } from "srvx";
import { describe, it } from "vitest";
import { streamOf } from "./_stream.ts";

function fetchApp({
  manager,
  admins,
  routes,
}: ContractApp<FetchContext>): (request: Request) => Promise<Response> {
  const options = { peerAddress: (request: Request) => (request as ServerRequest).ip };
  const sessions = fetchSessions(manager, options);
  const adminSessions = fetchSessions(admins, options);
  const account = sessions.routes({ path: "/account" });
  const handlers = new Map<string, (request: Request) => Promise<Response>>();
  for (const { method, path, guard = "public", run } of routes(sessions, adminSessions)) {
    const handler = async (context: FetchContext) =>
      send(await run(context, new URL(context.request.url).searchParams));
    const wrappers = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth };
    handlers.set(`${method} ${path}`, wrappers[guard](handler));
  }
  return async (request) => {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const handler = handlers.get(`${method} ${new URL(request.url).pathname}`);
    if (handler) return handler(request);
    return (await account(request)) ?? new Response(null, { status: 404 });
  };
}

function send({ status = 200, json, redirect, stream, cookie }: ContractReply): Response {
  const headers = new Headers(cookie && { "set-cookie": cookie.join("=") });
  if (redirect) return new Response(null, { status: 303, headers: { location: redirect } });
  if (stream) return new Response(streamOf(stream), { headers });
  return Response.json(json ?? null, { status, headers });
}

const skip = [
  {
    reason: "a context comes from public() or auth() alone, which have loaded the session",
    tests: ["say what is missing where nothing was loaded"],
  },
  {
    reason:
      "what a handler throws goes on to the platform, which answers by itself; catch it and return a Response",
    tests: ["a thrown error"],
  },
];

/** The platform's own server, in one form: `Bun.serve`, `Deno.serve`, else node:http. */
const platform = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";
const { serve }: typeof import("srvx") = await import(/* @vite-ignore */ `srvx/${platform}`);

describe("sessionup/fetch on srvx", () => {
  adapterContract(
    { describe, it },
    {
      skip,
      async start(app) {
        const server = serve({ fetch: fetchApp(app), port: 0, hostname: "127.0.0.1", silent: true });
        await server.ready();
        return { origin: (server.url ?? "").replace(/\/$/, ""), close: () => server.close(true) };
      },
    },
  );
});
