import { type FetchContext, fetchSessions } from "sessionup/fetch";
import { sessionRoutes } from "sessionup/routes";
import type { ContractApp, ContractReply } from "sessionup/testing";
import { toStream } from "../stream.ts";

/**
 * Creates the contract's app as a fetch handler. `peerAddress` returns the address of the connection's other
 * end.
 */
export function fetchApp(
  { manager, admins, reject, routes }: ContractApp<FetchContext>,
  peerAddress: (request: Request) => string | undefined,
): (request: Request) => Promise<Response> {
  const sessions = fetchSessions(manager, { peerAddress });
  const adminSessions = fetchSessions(admins, { peerAddress });
  const throwing = fetchSessions(manager, { peerAddress, reject }).auth;
  const wrappers = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const account = sessionRoutes(sessions, { path: "/account" });
  const handlers = new Map<string, (request: Request) => Promise<Response>>();
  for (const { method, path, guard = "public", options, run } of routes(sessions, adminSessions)) {
    const handler = async (context: FetchContext) =>
      send(await run(context, new URL(context.request.url).searchParams));
    handlers.set(`${method} ${path}`, wrappers[guard](handler, options));
  }
  return async (request) => {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const handler = handlers.get(`${method} ${new URL(request.url).pathname}`);
    if (handler) return handler(request);
    return (await account(request)) ?? new Response(null, { status: 404 });
  };
}

function send({
  status = 200,
  json,
  redirect,
  stream,
  cookie,
  headers: own,
  failure,
}: ContractReply): Response {
  if (failure) throw failure;
  const headers = new Headers({ ...own, ...(cookie && { "set-cookie": cookie.join("=") }) });
  if (redirect) return new Response(null, { status: 303, headers: { ...own, location: redirect } });
  if (stream) return new Response(toStream(stream), { headers });
  return Response.json(json ?? null, { status, headers });
}

/** Contract tests that a plain fetch handler cannot pass. */
export const FETCH_SKIP = [
  {
    reason: "only public() and auth() create a context, and both load the session",
    tests: ["methods/not-loaded"],
  },
  {
    reason:
      "the platform answers when a handler throws; the app has to catch the error and return a Response",
    tests: ["cookie-delivery/thrown-error", "caching/cookie-error", "caching/auth-error"],
  },
];
