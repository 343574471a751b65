/**
 * One of several server processes of the same app: `_many-server.ts <redis|postgres> <port> <event port> <recheck>`. Prints its
 * port. The port for events leads to the same database, through a proxy that fails.
 *
 * - an upgrade opens a WebSocket of a signed-in user
 * - `POST /revoke?user=` ends the user's sessions, and answers with the moment at which that was done
 * - `POST /queries?run=` decides whether queries about sessions run (`yes`) or wait: then only events can close sockets
 * - `GET /up` tells whether the store's channel is up
 * - `GET /report?user=&since=` tells when the user's sockets were closed after that moment, and how many messages came too late
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
/** Longer than a busy machine lets a process wait. */
const heartbeat = "60s";
const urlOf = (at: string) => `postgres://sessionup@127.0.0.1:${at}/postgres`;

function openStore(): Store {
  if (kind === "redis") {
    const push = redisPush(() => new Redis(Number(eventPort), "127.0.0.1"), { heartbeat });
    return redisStore(new Redis(Number(port), "127.0.0.1"), { push });
  }
  const push = postgresPush(() => new pg.Client({ connectionString: urlOf(eventPort) }), { heartbeat });
  return postgresStore(new pg.Pool({ connectionString: urlOf(port), max: 4 }), { push });
}

/** A process's report about the sockets of a user. Times are milliseconds since the sign-out. */
export interface Report {
  /** The number of messages that came although a query had told that their session was over. */
  readonly late: number;
  /** When the last message came, or 0 if none came afterwards. */
  readonly last: number;
  /** When the sockets were closed. */
  readonly closes: readonly number[];
}

/** The present moment, on a clock that all processes of the machine share. */
const now = () => performance.timeOrigin + performance.now();

/** The queries about sessions so far. A query that began after a session had ended tells that it has. */
const queries: { readonly began: number; readonly ended: number; readonly ids: ReadonlySet<string> }[] = [];
interface Moment {
  readonly id: string;
  readonly userKey: string;
  readonly at: number;
}

/** The messages so far, and the calls of `close`. */
const heard: Moment[] = [];
const closed: Moment[] = [];

let isUp = false;
let runQueries: () => void = () => {};
/** Resolves when queries may run. */
let mayQuery = Promise.resolve();

const own = openStore();
const observed: Partial<Store> = {
  async fetchByIds(ids) {
    await mayQuery;
    const began = now();
    const records = await own.fetchByIds(ids);
    queries.push({ began, ended: now(), ids: new Set(ids) });
    return records;
  },
  async subscribe(listener) {
    const unsubscribe = await own.subscribe?.({
      ended: (event) => listener.ended(event),
      changed: (event) => listener.changed(event),
      status(up) {
        isUp = up;
        listener.status(up);
      },
    });
    return unsubscribe ?? Promise.reject(new Error("The store has no push."));
  },
};
// A proxy, because the store's own calls of its methods must not wait.
const store = new Proxy(own, {
  get(target, name: keyof Store) {
    const value = observed[name] ?? target[name];
    return typeof value === "function" ? value.bind(target) : value;
  },
});

const manager = new Manager(store, { live: liveSessions({ recheck: duration(recheck) satisfies Duration }) });
const sessions = wsSessions(manager);
const wss = new WebSocketServer({ noServer: true });
wss.on("connection", (ws, request) => {
  const { id, userKey } = sessions.require(request);
  ws.on("error", () => undefined);
  ws.on("message", () => void heard.push({ id, userKey, at: now() }));
  const close = ws.close.bind(ws);
  ws.close = (...given) => {
    // ws itself calls it once more, when the client confirms the close.
    if (ws.readyState === ws.OPEN) closed.push({ id, userKey, at: now() });
    close(...given);
  };
});

function report(user: string, since: number): Report {
  const later = queries.filter(({ began }) => began >= since);
  const messages = heard.filter(({ userKey }) => userKey === user);
  const late = messages.filter(({ id, at }) => later.some(({ ended, ids }) => ended < at && ids.has(id)));
  return {
    late: late.length,
    last: Math.max(0, ...messages.map(({ at }) => at - since)),
    closes: closed.filter(({ userKey }) => userKey === user).map(({ at }) => at - since),
  };
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const user = searchParams.get("user") ?? "";
  if (pathname === "/revoke") {
    const { length } = await manager.revokeByUserKey(user);
    response.end(JSON.stringify({ ended: length, at: now() }));
  } else if (pathname === "/queries") {
    runQueries();
    if (searchParams.get("run") !== "yes")
      mayQuery = new Promise((resolve) => {
        runQueries = resolve;
      });
    response.end();
  } else if (pathname === "/up") response.end(String(isUp));
  else response.end(JSON.stringify(report(user, Number(searchParams.get("since")))));
});
server.on("upgrade", sessions.auth(wss));
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
