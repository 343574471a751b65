import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Manager } from "sessionup";
import { nodeSessions } from "sessionup/node";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = nodeSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));
const visitors = sessions.public();
const users = sessions.auth();
const account = sessionRoutes(sessions, { path: "/account" });

type Handler = (req: IncomingMessage, res: ServerResponse, url: URL) => unknown;

const routes: Readonly<Record<string, Handler>> = {
  "GET /": (req, res) =>
    visitors(req, res, () => res.end(`Hello, ${sessions.current(res)?.userKey ?? "stranger"}\n`)),
  // A real app checks a password first.
  "POST /login": async (_req, res, url) => {
    await sessions.init(res, url.searchParams.get("name") || "ann");
    res.end("welcome\n");
  },
  "GET /devices": (req, res) =>
    users(req, res, async () => {
      res.setHeader("content-type", "application/json");
      res.end(JSON.stringify(await sessions.fetchAll(res)));
    }),
  "POST /logout": async (_req, res) => {
    await sessions.revoke(res);
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
server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
