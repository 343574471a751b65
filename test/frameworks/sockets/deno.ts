import crossws from "crossws/adapters/deno";
import { Hono } from "hono";
import { upgradeWebSocket } from "hono/deno";
import { fetchSessions } from "sessionup/fetch";
import { honoSessions } from "sessionup/hono";
import { closeWithSession } from "sessionup/live";
import { crosswsHooks, GRAPHQL_CLIENT, graphqlHooks } from "./apps.ts";
import { type SocketServer, socketSuite } from "./suite.ts";

type DenoHandler = (request: Request, info: object) => Promise<Response> | Response;

declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen: () => void; signal: AbortSignal },
    handler: DenoHandler,
  ): { readonly addr: { readonly port: number }; readonly finished: Promise<void> };
  upgradeWebSocket(request: Request): { socket: WebSocket; response: Response };
};

function serve(handler: DenoHandler): SocketServer {
  const stopping = new AbortController();
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {}, signal: stopping.signal };
  const { addr } = Deno.serve(options, handler);
  return { origin: `http://127.0.0.1:${addr.port}`, stop: () => stopping.abort() };
}

socketSuite({
  title: "Deno.serve",
  async start(manager, hear) {
    const sessions = fetchSessions(manager);
    return serve(
      sessions.auth((context) => {
        const { socket, response } = Deno.upgradeWebSocket(context.request);
        let stop = () => {};
        socket.onopen = () => {
          stop = closeWithSession(sessions, context, socket);
        };
        socket.onmessage = ({ data }) => hear(String(data));
        socket.onclose = () => stop();
        return response;
      }),
    );
  },
});

socketSuite({
  title: "Hono in Deno",
  async start(manager, hear) {
    const sessions = honoSessions(manager);
    const app = new Hono().get(
      "/live",
      sessions.auth(),
      upgradeWebSocket((c) => {
        let stop = () => {};
        return {
          onOpen: (_event, socket) => {
            stop = closeWithSession(sessions, c, socket);
          },
          onMessage: ({ data }) => hear(String(data)),
          onClose: () => stop(),
        };
      }),
    );
    return serve(app.fetch);
  },
});

for (const [title, toHooks, client] of [
  ["crossws in Deno", crosswsHooks, {}],
  ["graphql-ws on crossws in Deno", graphqlHooks, GRAPHQL_CLIENT],
] as const)
  socketSuite({
    title,
    ...client,
    async start(manager, hear) {
      const adapter = crossws({ hooks: toHooks(manager, hear) });
      return serve((request, info) => adapter.handleUpgrade(request, info as never));
    },
  });
