// An app in strict TypeScript, compiled against the published types.
import { createServer } from "node:http";
import express from "express";
import { duration, Manager, type ManagerOptions, type Session, SessionError, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fetchSessions } from "sessionup/fetch";
import { nodeSessions } from "sessionup/node";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { storeContract, TestClock } from "sessionup/testing";

interface Meta {
  device: string;
  theme?: "light" | "dark";
}

const clock = new TestClock();
const options: ManagerOptions<Meta> = {
  cookie: { sameSite: "lax" },
  expiresIn: duration("30d"),
  idleTimeout: "30m",
  meta: typed<Meta>(),
  trustProxy: ["10.0.0.0/8"],
  clock: clock.now,
};
const manager = new Manager(memoryStore(), options);
manager.events.on("ended", ({ ids, reason }) => console.log(ids, reason));

const web = expressSessions(manager, {
  reject: (error, _request: express.Request, response: express.Response) => {
    response.status(error.status).redirect("/login");
  },
});
export const app = express();
app.use(sessionRoutes(web, { path: "/account" }));
app.post("/login", async (req, res) => {
  await web.init(req, "user-1", { meta: { device: "laptop" }, expiresIn: "30d" });
  res.redirect("/");
});
app.delete("/devices/:id", web.auth(), async (req, res) => {
  const session: Session<Meta> = web.require(req);
  res.json([session.meta.device, await web.revokeOwn(req, req.params.id)]);
});

const plain = nodeSessions(manager.with({ cookie: { name: "admin" } }));
const auth = plain.auth();
export const server = createServer((req, res) => {
  void auth(req, res, () => res.end(plain.require(res).meta.theme));
});

const workers = fetchSessions(manager, {
  peerAddress: (request) => request.headers.get("x-real-ip") ?? undefined,
});
export default {
  fetch: workers.auth(async ({ session }, env: { readonly NAME: string }) => {
    return Response.json({ name: env.NAME, session });
  }),
};

export function toStatus(error: unknown): number {
  return SessionError.is(error) ? error.status : 500;
}

declare const runner: Parameters<typeof storeContract>[0];
storeContract(runner, { create: () => memoryStore({ maxRecords: 1_000 }) });
