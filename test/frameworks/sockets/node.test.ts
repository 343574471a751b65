import { createServer, type Server } from "node:http";
import { createAdaptorServer, upgradeWebSocket } from "@hono/node-server";
import crossws from "crossws/adapters/node";
import { serve } from "crossws/server/node";
import { useServer } from "graphql-ws/use/ws";
import { defineWebSocketHandler, H3 } from "h3";
import { Hono } from "hono";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { closeWithSession } from "sessionup/live";
import { wsSessions } from "sessionup/ws";
import { WebSocketServer } from "ws";
import { listen } from "../../support/listen.ts";
import { crosswsHooks, GRAPHQL_CLIENT, graphqlHooks, graphqlServer } from "./apps.ts";
import { socketSuite } from "./suite.ts";

socketSuite({
  title: "Hono on @hono/node-server",
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
    const server = new WebSocketServer({ noServer: true });
    const { origin, close } = await listen(
      // With exactOptionalPropertyTypes, the types of ws and of Hono's server do not fit.
      createAdaptorServer({ fetch: app.fetch, websocket: { server: server as never } }) as Server,
    );
    return { origin, stop: close };
  },
});

for (const [title, toHooks, client] of [
  ["crossws on node:http", crosswsHooks, {}],
  ["graphql-ws on crossws", graphqlHooks, GRAPHQL_CLIENT],
] as const)
  socketSuite({
    title,
    ...client,
    async start(manager, hear) {
      const adapter = crossws({ hooks: toHooks(manager, hear) });
      const server = createServer().on("upgrade", adapter.handleUpgrade);
      const { origin, close } = await listen(server);
      return {
        origin,
        async stop() {
          adapter.closeAll(1001, "", true);
          await close();
        },
      };
    },
  });

socketSuite({
  title: "h3 with crossws on srvx",
  async start(manager, hear) {
    const sessions = h3Sessions(manager);
    const app = new H3().use("/live", sessions.auth()).get(
      "/live",
      defineWebSocketHandler((event) => {
        let stop = () => {};
        return {
          open: (peer) => {
            stop = closeWithSession(sessions, event, peer);
          },
          message: (_peer, message) => hear(message.text()),
          close: () => stop(),
        };
      }),
    );
    const server = serve({
      port: 0,
      hostname: "127.0.0.1",
      silent: true,
      websocket: {},
      fetch: app.fetch,
    });
    await server.ready();
    return { origin: new URL(server.url ?? "").origin, stop: () => server.close(true) };
  },
});

socketSuite({
  title: "graphql-ws on ws with sessionup/ws",
  ...GRAPHQL_CLIENT,
  async start(manager, hear) {
    const wss = new WebSocketServer({ noServer: true });
    useServer(graphqlServer(hear), wss);
    const { origin, close } = await listen(createServer().on("upgrade", wsSessions(manager).auth(wss)));
    return {
      origin,
      async stop() {
        for (const client of wss.clients) client.terminate();
        await close();
      },
    };
  },
});
