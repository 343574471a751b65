import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Manager } from "sessionup";
import { nodeSessions } from "sessionup/node";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { wsSessions } from "sessionup/ws";
import { WebSocket, WebSocketServer } from "ws";

const manager = new Manager(memoryStore());
// The pages log in and out. The sockets only read the session.
const pages = nodeSessions(manager);
const visitors = pages.public();
const users = pages.auth();
const account = sessionRoutes(pages, { path: "/account" });
const html = readFileSync(new URL("page.html", import.meta.url), "utf8");

type Handler = (req: IncomingMessage, res: ServerResponse, url: URL) => unknown;

const routes: Readonly<Record<string, Handler>> = {
  "GET /": (req, res) =>
    visitors(req, res, () => {
      const name = pages.current(res)?.userKey ?? "stranger";
      res.setHeader("content-type", "text/html; charset=utf-8");
      res.end(html.replace("{{name}}", () => name.replace(/[&<]/g, (each) => `&#${each.charCodeAt(0)};`)));
    }),
  // A real app checks a password first.
  "POST /login": async (_req, res, url) => {
    await pages.init(res, url.searchParams.get("name") || "ann");
    res.end("welcome\n");
  },
  "GET /devices": (req, res) =>
    users(req, res, async () => {
      res.setHeader("content-type", "application/json");
      res.end(JSON.stringify(await pages.fetchAll(res)));
    }),
  "POST /logout": async (_req, res) => {
    await pages.revoke(res);
    res.end("goodbye\n");
  },
};

const server = createServer(async (req, res) => {
  const url = new URL(req.url ?? "/", "http://localhost");
  const route = routes[`${req.method} ${url.pathname}`];
  try {
    if (route) await route(req, res, url);
    else await account(req, res, () => res.writeHead(404).end());
  } catch (error) {
    console.error(error);
    res.writeHead(500).end();
  }
});

const sessions = wsSessions(manager);
const chat = new WebSocketServer({ noServer: true, maxPayload: 4_096 });
const chatters = sessions.auth(chat);
server.on("upgrade", (req, socket, head) => {
  if (req.url === "/chat") void chatters(req, socket, head);
  else socket.destroy();
});
chat.on("connection", (ws, req) => {
  const { userKey } = sessions.require(req);
  ws.on("error", console.error);
  ws.on("message", (data) => {
    for (const client of chat.clients)
      if (client.readyState === WebSocket.OPEN) client.send(`${userKey}: ${data}`);
  });
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
