import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { Manager, type Store } from "sessionup";
import { postgresStore } from "sessionup/stores/postgres";
import { redisStore } from "sessionup/stores/redis";
import { signIn } from "sessionup/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { ROOT, toCommand } from "../../contract/programs.ts";
import { openPool } from "../../stores/postgres/fixture.ts";
import { startPostgres, WITHOUT_FSYNC } from "../../support/servers/postgres.ts";
import { startRedis } from "../../support/servers/redis.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { RawSocket } from "../sockets/raw-socket.ts";
import type { Report } from "./_many-server.ts";

/** The number of sockets. `MANY_SOCKETS=1000` is the long run, while two other processes keep the cores busy. */
const COUNT = Number(process.env.MANY_SOCKETS ?? 150);
const IS_LONG = COUNT >= 1_000;
const SOCKETS_PER_SESSION = 10;
const RECHECK = "2s";
const PROGRAM = fileURLToPath(new URL("_many-server.ts", import.meta.url));

interface Backend {
  readonly title: "redis" | "postgres";
  start(): Promise<{ readonly port: number; stop(): Promise<void> }>;
  open(port: number): Promise<{ readonly store: Store; close(): unknown }>;
}

const BACKENDS: readonly Backend[] = [
  {
    title: "redis",
    start: () => startRedis(),
    async open(port) {
      const client = new Redis(port, "127.0.0.1");
      return { store: redisStore(client, { push: true }), close: () => client.disconnect() };
    },
  },
  {
    title: "postgres",
    start: () => startPostgres(WITHOUT_FSYNC),
    async open(port) {
      const pool = openPool(`postgres://sessionup@127.0.0.1:${port}/postgres`);
      const store = postgresStore(pool, { push: true });
      await store.migrate();
      return { store, close: () => pool.end() };
    },
  },
];

const now = () => performance.timeOrigin + performance.now();

/** Starts a process, which ends with the test. */
function run(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    const exit = once(child, "exit");
    if (child.kill("SIGKILL")) await exit;
  });
  return child;
}

/** Starts one of the server processes. Returns its origin. */
async function startServer(args: readonly unknown[]): Promise<string> {
  const [, ...program] = await toCommand(PROGRAM);
  const child = run([...program, ...args.map(String)]);
  const [line] = await once(child.stdout ?? child, "data");
  return `http://127.0.0.1:${Number(line)}`;
}

/** Returns the median, the 99th percentile and the maximum. */
function summarize(values: readonly number[]): string {
  const sorted = [...values].sort((one, two) => one - two);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return [0.5, 0.99, 1].map((share) => Math.round(at(share))).join(", ");
}

interface Close {
  /** The code and the reason. */
  readonly kind: string;
  readonly at: number;
}

describe.each(BACKENDS)("many WebSockets on three processes over $title", ({ title, start, open }) => {
  async function setUp() {
    const server = await start();
    onTestFinished(() => server.stop());
    const proxy = await new TcpProxy(server.port).start();
    onTestFinished(() => proxy.stop());
    const { store, close } = await open(server.port);
    onTestFinished(() => void close());
    const args = [title, server.port, proxy.port, RECHECK];
    const servers = await Promise.all([startServer(args), startServer(args), startServer(args)]);
    return { proxy, servers, manager: new Manager(store) };
  }

  /** Opens the sockets of several sessions of a user on all servers. One of each session sends a message every 100 ms. */
  async function openSockets(servers: readonly string[], manager: Manager, user: string, sessions: number) {
    const sockets: RawSocket[] = [];
    const closes: Promise<Close>[] = [];
    for (let session = 0; session < sessions; session++) {
      const cookie = await signIn(manager, user);
      const opening = Array.from({ length: SOCKETS_PER_SESSION }, async (_, index) => {
        const socket = new RawSocket(servers[index % servers.length] ?? "", "/", { cookie });
        sockets.push(socket);
        const close = socket.closed.then(({ code, reason }) => {
          const at = now();
          socket.confirmClose();
          return { kind: `${code} ${reason}`, at };
        });
        closes.push(close);
        expect(await socket.status).toBe(101);
        socket.send("hello");
      });
      await Promise.all(opening);
    }
    const talk = setInterval(() => {
      for (const [index, socket] of sockets.entries())
        if (index % SOCKETS_PER_SESSION === 0) socket.send("still here");
    }, 100);
    const stop = () => {
      clearInterval(talk);
      for (const socket of sockets) socket.end();
    };
    onTestFinished(stop);
    return { closed: Promise.all(closes), stop };
  }

  it(
    "closes all sockets of a user whom one process signs out, before, during and after an outage of push",
    async () => {
      const { proxy, servers, manager } = await setUp();
      if (IS_LONG) for (const _ of [1, 2]) run(["-e", "for (;;);"]);
      const bob = await openSockets(servers, manager, "bob", 1);

      /** Opens sockets, signs their user out on one of the servers, and returns how the sockets closed. */
      async function signOut(user: string, by: number) {
        const sessions = COUNT / SOCKETS_PER_SESSION;
        const { closed, stop } = await openSockets(servers, manager, user, sessions);
        const answer = await fetch(`${servers[by]}/revoke?user=${user}`, { method: "POST" });
        const { ended, at } = (await answer.json()) as { ended: number; at: number };
        expect(ended).toBe(sessions);
        const ends = await closed;
        stop();
        const found = servers.map(async (server): Promise<Report> => {
          const response = await fetch(`${server}/report?user=${user}&since=${at}`);
          return response.json();
        });
        const reports = await Promise.all(found);
        expect(reports.map(({ late }) => late)).toEqual([0, 0, 0]);
        const last = Math.round(Math.max(...reports.map((report) => report.last)));
        console.info(
          `${title}, ${COUNT} sockets, ${user} the outage, ms from the answer (p50, p99, last):`,
          `closed by the servers ${summarize(reports.flatMap(({ closes }) => closes))};`,
          `closed at the clients ${summarize(ends.map((end) => end.at - at))};`,
          last > 0 ? `last message ${last}` : "no message",
        );
        return new Set(ends.map(({ kind }) => kind));
      }

      const ask = (path: string, method = "POST") =>
        Promise.all(servers.map(async (each) => (await fetch(`${each}${path}`, { method })).text()));
      const isUp = () => ask("/up", "GET").then((answers) => new Set(answers));

      await expect.poll(isUp).toEqual(new Set(["true"]));
      await ask("/queries?run=no");
      expect(await signOut("before", 0)).toEqual(new Set(["4401 revoked"]));
      await proxy.refuse();
      await expect.poll(isUp).toEqual(new Set(["false"]));
      await ask("/queries?run=yes");
      // The process that signs the user out knows the reason. The others find out at the recheck.
      expect(await signOut("during", 1)).toEqual(new Set(["4401 revoked", "4401 unknown"]));
      await proxy.start();
      await expect.poll(isUp).toEqual(new Set(["true"]));
      await ask("/queries?run=no");
      expect(await signOut("after", 2)).toEqual(new Set(["4401 revoked"]));
      const others = await Promise.race([bob.closed, ask("/up", "GET")]);
      expect(others).toEqual(["true", "true", "true"]);
    },
    IS_LONG ? 600_000 : 120_000,
  );
});
