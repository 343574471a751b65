import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type NodeContext, nodeSessions } from "sessionup/node";
import { sessionRoutes } from "sessionup/routes";
import type { ContractApp, ContractReply } from "sessionup/testing";

type Listener = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
) => Promise<void>;

/**
 * Creates the contract's app as a listener for node:http, node:https and the compatibility API of node:http2.
 */
export function nodeApp({ manager, admins, reject, routes }: ContractApp<NodeContext>): Listener {
  const sessions = nodeSessions(manager);
  const adminSessions = nodeSessions(admins);
  const throwing = nodeSessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const all = routes(sessions, adminSessions);
  const account = sessionRoutes(sessions, { path: "/account" });
  return async (request, given) => {
    // The two kinds of response share one API, which TypeScript cannot call on the union.
    const response = given as ServerResponse;
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const method = request.method === "HEAD" ? "GET" : request.method;
    const route = all.find((each) => each.method === method && each.path === pathname);
    const handle = async (error?: unknown) => {
      try {
        if (error) throw error;
        if (route) await send(response, await route.run(response, searchParams));
        else await account(request, response, () => response.writeHead(404).end());
      } catch {
        response.statusCode = 500;
        response.end();
      }
    };
    if (route?.guard)
      await guards[route.guard](route.options)(request, response, (error) => void handle(error));
    else await handle();
  };
}

async function send(
  response: ServerResponse,
  { status = 200, json, redirect, stream, cookie, headers = {}, failure }: ContractReply,
): Promise<void> {
  if (failure || stream) for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (failure) throw failure;
  if (cookie) {
    const lines = [response.getHeader("set-cookie") ?? []].flat().map(String);
    response.setHeader("set-cookie", [...lines, cookie.join("=")]);
  }
  if (redirect) response.writeHead(303, { ...headers, location: redirect }).end();
  else if (stream) {
    for await (const bit of stream) response.write(bit);
    response.end();
  } else {
    response
      .writeHead(status, { ...headers, "content-type": "application/json" })
      .end(JSON.stringify(json ?? null));
  }
}
