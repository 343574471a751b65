/**
 * One of several server processes of the same app: `_many-server.ts <redis|postgres> <port> <event port> <recheck>`. Prints its
 * port. The port for events leads to the same database, through a proxy that fails.
 *
 * - an upgrade opens a WebSocket of a signed-in user
 * - `POST /revoke?user=` ends the user's sessions, and answers with the moment at which that was done
 * - `GET /late?user=&since=` tells how many messages of the user came too late after that moment
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Redis } from "ioredis";
import pg from "pg";
import { type Duration, duration, Manager, type Store } from "sessionup";
import { liveSessions } from "sessionup/live";
import { postgresPush, postgresStore } from "sessionup/stores/postgres";
import { redisPush, redisStore } from "sessionup/stores/redis";
import { wsSessions } from "sessionup/ws";
import { WebSocketServer } from "ws";

const [kind = "", port = "", eventPort = "", recheck = ""] = process.argv.slice(2);
const urlOf = (at: string) => `postgres://sessionup@127.0.0.1:${at}/postgres`;

function openStore(): Store {
  if (kind === "redis") {
    const push = redisPush(() => new Redis(Number(eventPort), "127.0.0.1"));
    return redisStore(new Redis(Number(port), "127.0.0.1"), { push });
  }
  const push = postgresPush(() => new pg.Client({ connectionString: urlOf(eventPort) }));
  return postgresStore(new pg.Pool({ connectionString: urlOf(port), max: 4 }), { push });
}

/** The present moment, on a clock that all processes of the machine share. */
const now = () => performance.timeOrigin + performance.now();

/** The queries about sessions so far. A query that began after a session had ended tells that it has. */
const queries: { readonly began: number; readonly ended: number; readonly ids: ReadonlySet<string> }[] = [];
/** The messages so far. */
const heard: { readonly id: string; readonly userKey: string; readonly at: number }[] = [];

const store = openStore();
const { fetchByIds } = store;
store.fetchByIds = async (ids) => {
  const began = now();
  const records = await fetchByIds.call(store, ids);
  queries.push({ began, ended: now(), ids: new Set(ids) });
  return records;
};

const manager = new Manager(store, { live: liveSessions({ recheck: duration(recheck) satisfies Duration }) });
const sessions = wsSessions(manager);
const wss = new WebSocketServer({ noServer: true });
wss.on("connection", (ws, request) => {
  const { id, userKey } = sessions.require(request);
  ws.on("error", () => undefined);
  ws.on("message", () => void heard.push({ id, userKey, at: now() }));
});

/** Returns the number of messages that came although a query had told that their session was over, and the last message. */
function findLate(user: string, since: number): { readonly late: number; readonly last: number } {
  const later = queries.filter(({ began }) => began >= since);
  const messages = heard.filter(({ userKey }) => userKey === user);
  const late = messages.filter(({ id, at }) => later.some(({ ended, ids }) => ended < at && ids.has(id)));
  return { late: late.length, last: Math.max(...messages.map(({ at }) => at)) - since };
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const user = searchParams.get("user") ?? "";
  if (pathname === "/revoke") {
    const { length } = await manager.revokeByUserKey(user);
    response.end(JSON.stringify({ ended: length, at: now() }));
  } else response.end(JSON.stringify(findLate(user, Number(searchParams.get("since")))));
});
server.on("upgrade", sessions.auth(wss));
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
