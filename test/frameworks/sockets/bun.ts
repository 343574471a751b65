import crossws from "crossws/adapters/bun";
import { Hono } from "hono";
import { upgradeWebSocket, websocket } from "hono/bun";
import { type FetchContext, fetchSessions } from "sessionup/fetch";
import { honoSessions } from "sessionup/hono";
import { type ClosableSocket, closeWithSession } from "sessionup/live";
import { crosswsHooks, GRAPHQL_CLIENT, graphqlHooks } from "./apps.ts";
import { type SocketServer, socketSuite } from "./suite.ts";

interface BunServer {
  readonly url: URL;
  upgrade(request: Request, options: { data: object; headers: Headers }): boolean;
  stop(closeActiveConnections: boolean): Promise<void>;
}

interface BunSocket<Data> extends ClosableSocket {
  readonly data: Data;
}

interface BunOptions<Data> {
  fetch(request: Request, server: BunServer): Promise<Response | undefined> | Response;
  readonly websocket: {
    open?(socket: BunSocket<Data>): void;
    message?(socket: BunSocket<Data>, message: string | Uint8Array): void;
    close?(socket: BunSocket<Data>, code: number, reason: string): void;
  };
}

declare const Bun: { serve<Data>(options: BunOptions<Data> & { port: number; hostname: string }): BunServer };

function serve<Data>(options: BunOptions<Data>): SocketServer {
  const server = Bun.serve<Data>({ port: 0, hostname: "127.0.0.1", ...options });
  return { origin: server.url.origin, stop: () => server.stop(true) };
}

socketSuite({
  title: "Bun.serve",
  async start(manager, hear) {
    const sessions = fetchSessions(manager);
    const live = sessions.auth((context, server: BunServer) => {
      const data = { context, stop: () => {} };
      const upgraded = server.upgrade(context.request, { data, headers: context.headers });
      return new Response(null, { status: upgraded ? 200 : 426 });
    });
    return serve<{ context: FetchContext; stop: () => void }>({
      fetch: live,
      websocket: {
        open(socket) {
          socket.data.stop = closeWithSession(sessions, socket.data.context, socket);
        },
        message: (_socket, message) => hear(String(message)),
        close: ({ data }) => data.stop(),
      },
    });
  },
});

socketSuite({
  title: "Hono in Bun",
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
    return serve({ fetch: app.fetch, websocket: websocket as never });
  },
});

for (const [title, toHooks, client] of [
  ["crossws in Bun", crosswsHooks, {}],
  ["graphql-ws on crossws in Bun", graphqlHooks, GRAPHQL_CLIENT],
] as const)
  socketSuite({
    title,
    ...client,
    async start(manager, hear) {
      const adapter = crossws({ hooks: toHooks(manager, hear) });
      return serve({
        fetch: (request, server) => adapter.handleUpgrade(request, server as never),
        websocket: adapter.websocket as never,
      });
    },
  });
