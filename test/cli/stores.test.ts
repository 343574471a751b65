/** Every command on every engine, with real servers and each driver. One test for each engine runs the package as a process. */
// cspell:ignore allkeys
import { createClient as createLibsqlClient } from "@libsql/client";
import { Redis } from "ioredis";
import Database from "libsql";
import { open as openLmdb } from "lmdb";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { Manager, type Store } from "sessionup";
import { libsqlStore } from "sessionup/stores/libsql";
import { lmdbStore } from "sessionup/stores/lmdb";
import { mysqlStore } from "sessionup/stores/mysql";
import { postgresStore } from "sessionup/stores/postgres";
import { redisPush, redisStore } from "sessionup/stores/redis";
import { sqlitePush, sqliteStore } from "sessionup/stores/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMariadb } from "../support/servers/mariadb.ts";
import { WITHOUT_FSYNC as MYSQL_WITHOUT_FSYNC, startMysql } from "../support/servers/mysql.ts";
import { startPostgres, WITHOUT_FSYNC } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { startRedisCluster } from "../support/servers/redis-cluster.ts";
import { Cli } from "./_cli.ts";
import { fill, SESSIONS, USERS } from "./_fill.ts";

interface Opened {
  readonly store: Store;
  close(): Promise<unknown>;
}

interface Engine {
  readonly name: string;
  /** The packages that the app has installed. */
  readonly packages: readonly string[];
  /** Starts the server. Returns the store's URL, as an operator writes it. */
  start(cli: Cli): Promise<{ readonly url: string; readonly stop?: () => Promise<unknown> }>;
  /** Opens the same store as an app does. */
  open(url: string, cli: Cli): Promise<Opened>;
  readonly hasTables: boolean;
}

async function openRedis(url: string): Promise<Opened> {
  const client = new Redis(url.replace("valkey:", "redis:"));
  return { store: redisStore(client), close: async () => client.disconnect() };
}

async function openPostgres(url: string): Promise<Opened> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  return { store: postgresStore(pool, { cleanupEvery: false }), close: () => pool.end() };
}

async function openMysql(url: string): Promise<Opened> {
  const pool = createPool({ uri: url.replace("mariadb:", "mysql:"), connectionLimit: 2 });
  return { store: mysqlStore(pool, { cleanupEvery: false }), close: () => pool.end() };
}

const redis = (name: string, driver: string, program: "Redis" | "Valkey", scheme: string): Engine => ({
  name,
  packages: [driver],
  async start() {
    const server = await startRedis({ program, args: ["--requirepass", "pass/w@rd"] });
    return { url: server.url.replace("redis://", `${scheme}://:pass%2Fw%40rd@`), stop: server.stop };
  },
  open: openRedis,
  hasTables: false,
});

const postgres = (name: string, driver: string): Engine => ({
  name,
  packages: [driver],
  start: () => startPostgres(WITHOUT_FSYNC),
  open: openPostgres,
  hasTables: true,
});

const ENGINES: readonly Engine[] = [
  redis("Redis with ioredis", "ioredis", "Redis", "redis"),
  redis("Valkey with node-redis", "redis", "Valkey", "valkey"),
  {
    name: "a Redis Cluster with ioredis",
    packages: ["ioredis"],
    async start() {
      const { masters, stop } = await startRedisCluster();
      return { url: masters[0]?.url ?? "", stop };
    },
    async open(url) {
      const client = new Redis.Cluster([url]);
      return { store: redisStore(client), close: async () => client.disconnect() };
    },
    hasTables: false,
  },
  postgres("PostgreSQL with pg", "pg"),
  postgres("PostgreSQL with postgres.js", "postgres"),
  {
    name: "MySQL with mysql2",
    packages: ["mysql2"],
    start: () => startMysql(MYSQL_WITHOUT_FSYNC),
    open: openMysql,
    hasTables: true,
  },
  {
    name: "MariaDB with mysql2",
    packages: ["mysql2"],
    async start() {
      const { url, stop } = await startMariadb(MYSQL_WITHOUT_FSYNC);
      return { url: url.replace("mysql:", "mariadb:"), stop };
    },
    open: openMysql,
    hasTables: true,
  },
  {
    name: "SQLite with libsql",
    packages: ["libsql"],
    start: async () => ({ url: "sqlite:sessions.db" }),
    async open(_, cli) {
      const database = new Database(`${cli.folder}/sessions.db`);
      return { store: sqliteStore(database, { cleanupEvery: false }), close: async () => database.close() };
    },
    hasTables: true,
  },
  {
    name: "libSQL with @libsql/client",
    packages: ["@libsql/client"],
    start: async () => ({ url: "file:sessions.db" }),
    async open(_, cli) {
      const client = createLibsqlClient({ url: `file:${cli.folder}/sessions.db` });
      return { store: libsqlStore(client, { cleanupEvery: false }), close: async () => client.close() };
    },
    hasTables: true,
  },
  {
    name: "LMDB with lmdb",
    packages: ["lmdb"],
    start: async () => ({ url: "lmdb:sessions.lmdb" }),
    async open(_, cli) {
      const store = await lmdbStore(openLmdb, { path: `${cli.folder}/sessions.lmdb`, cleanupEvery: false });
      return { store, close: async () => undefined };
    },
    hasTables: false,
  },
];

describe("warnings of an engine", () => {
  it("doctor warns when Redis may evict sessions, and --strict makes that a failure", async () => {
    const cli = await Cli.create(["ioredis"]);
    const server = await startRedis({ args: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"] });
    try {
      const { code, stdout } = await cli.run(["doctor", "--store", server.url]);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^warn\tsettings\t.*allkeys-lru/m)]);
      expect((await cli.run(["doctor", "--strict", "--store", server.url])).code).toBe(1);
    } finally {
      await server.stop();
      cli.remove();
    }
  });
});

describe("processes of the app with push", () => {
  async function hears(cli: Cli, store: Store, args: readonly string[]): Promise<readonly string[]> {
    const heard: string[] = [];
    let isUp = () => {};
    const up = new Promise<void>((resolve) => {
      isUp = resolve;
    });
    const stop = await store.subscribe?.({
      ended: ({ reason, userKey }) => void heard.push(`${reason} ${userKey}`),
      changed: () => undefined,
      status: (status) => status && isUp(),
    });
    await up;
    await fill(new Manager(store));
    const { code } = await cli.runProcess(args);
    expect(code).toBe(0);
    await expect.poll(() => heard.length > 0 || args.includes("--no-push")).toBe(true);
    await stop?.();
    return heard;
  }

  it("hear of the sessions that the command line ends in Redis", async () => {
    const cli = await Cli.create(["ioredis"]);
    const server = await startRedis();
    const client = new Redis(server.url);
    const store = redisStore(client, { push: redisPush(() => client.duplicate()) });
    const revoke = ["revoke", "--store", server.url, "--user"];
    expect(await hears(cli, store, [...revoke, "ben"])).toEqual(["revoked ben"]);
    expect(await hears(cli, store, [...revoke, "ann@example.com", "--no-push"])).toEqual([]);
    await store.close?.();
    client.disconnect();
    await server.stop();
    cli.remove();
  });

  it("hear of the sessions that the command line ends in SQLite", async () => {
    const cli = await Cli.create(["libsql"]);
    const database = new Database(`${cli.folder}/sessions.db`);
    const store = sqliteStore(database, { push: sqlitePush({ interval: "20ms" }), cleanupEvery: false });
    await store.migrate();
    expect(await hears(cli, store, ["revoke", "--store", "sqlite:sessions.db", "--user", "ben"])).toEqual([
      "revoked ben",
    ]);
    await store.close();
    database.close();
    cli.remove();
  });
});

describe.each(ENGINES)("the command line on $name", ({ name, packages, start, open, hasTables }) => {
  let cli: Cli;
  let url: string;
  let stop: (() => Promise<unknown>) | undefined;

  beforeAll(async () => {
    cli = await Cli.create(packages);
    ({ url, stop } = await start(cli));
  });

  afterAll(async () => {
    await stop?.();
    cli?.remove();
  });

  const run = (...args: string[]) => cli.run(args, { SESSIONUP_STORE: url });
  const lines = (text: string) => text.split("\n").filter(Boolean);
  const json = (text: string) => lines(text).map((line) => JSON.parse(line));

  /** Uses the store as an app does, and closes it: an LMDB file has one owner at a time. */
  async function withStore<Answer>(
    use: (manager: Manager, store: Store) => Promise<Answer>,
  ): Promise<Answer> {
    const { store, close } = await open(url, cli);
    const manager = new Manager(store);
    try {
      return await use(manager, store);
    } finally {
      await manager.close();
      await close();
    }
  }

  it.runIf(hasTables)(
    "migrate prints the SQL without a connection, and creates the tables once",
    async () => {
      const printed = await run("migrate", "--print");
      expect(printed).toMatchObject({ code: 0, stdout: expect.stringMatching(/CREATE TABLE/i) });
      expect((await run("count")).code).toBe(1);
      expect(await run("migrate")).toMatchObject({
        code: 0,
        stdout: "",
        stderr: expect.stringContaining("Created the tables"),
      });
      expect(await run("migrate")).toMatchObject({
        code: 0,
        stderr: expect.stringContaining("Nothing to do"),
      });
    },
  );

  it("list pages through the sessions of all users", async () => {
    await withStore(fill);
    const first = await run("list", "--limit", "5", "--json");
    expect(first.code).toBe(0);
    const [, cursor = ""] = /--cursor (\S+),/.exec(first.stderr) ?? [];
    const rest = await run("list", "--limit", "100", "--json", "--cursor", cursor);
    const found = [...json(first.stdout), ...json(rest.stdout)];
    expect(new Set(found.map(({ id }) => id)).size).toBe(SESSIONS);
    expect([...new Set(found.map(({ userKey }) => userKey))].sort()).toEqual([...USERS].sort());
    expect(await run("list", "--cursor", "nonsense!")).toMatchObject({ code: 2, stdout: "" });
  });

  it("list filters, and prints one line with tabs per session", async () => {
    const { stdout } = await run(
      "list",
      "--ip",
      "203.0.1.0/24",
      "--browser",
      "Firefox",
      "--created-after",
      "1h",
    );
    expect(lines(stdout).map((line) => line.split("\t")[1])).toEqual(["ben", "ben", "ben"]);
    const own = await run("list", "--user", USERS[3] ?? "");
    expect(lines(own.stdout).map((line) => line.split("\t")[1])).toEqual(Array(3).fill("eve\\u001b[31m\\nx"));
    expect(await run("list", "--browser", "Safari")).toMatchObject({ code: 0, stdout: "" });
  });

  it("show prints a session, and knows when there is none", async () => {
    const [{ id }] = json((await run("list", "--user", "ben", "--json")).stdout);
    const shown = await run("show", id);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringMatching(/^User +ben$/m) });
    const records = await withStore((_, store) => store.fetchByIds([id]));
    for (const name of ["root", "secret"]) expect(shown.stdout).not.toContain(String(records[0]?.data[name]));
    expect((await run("show", `${id}0`)).code).toBe(3);
  });

  it("count, verify and doctor find nothing wrong, and change nothing", async () => {
    const { code, stdout } = await run("count", "--json");
    expect([code, json(stdout)[0].isExact ? json(stdout)[0].count : SESSIONS]).toEqual([0, SESSIONS]);
    const before = await run("list", "--all", "--json");
    for (const command of ["verify", "doctor"]) {
      const outcome = await run(command, "--json");
      expect(json(outcome.stdout).filter(({ status }) => status === "fail")).toEqual([]);
      expect(outcome.code).toBe(0);
    }
    const after = await run("list", "--all", "--json");
    expect(lines(after.stdout).sort()).toEqual(lines(before.stdout).sort());
  });

  it("revoke ends one session, or those of a user", async () => {
    const [first, second] = json((await run("list", "--user", "ben", "--json")).stdout);
    expect(await run("revoke", first.id)).toMatchObject({ code: 0, stdout: `${first.id}\n` });
    expect(await run("revoke", first.id)).toMatchObject({ code: 3, stdout: "" });
    const others = await run("revoke", "--user", "ben", "--except", second.id);
    expect([others.code, lines(others.stdout).length]).toEqual([0, 1]);
    expect(json((await run("list", "--user", "ben", "--json")).stdout)).toMatchObject([{ id: second.id }]);
  });

  it("revoke-where looks first, keeps to --max, and ends what matches", async () => {
    const filter = ["--ip", "203.0.0.0/24"];
    const dry = await run("revoke-where", ...filter, "--dry-run", "--json");
    expect([dry.code, json(dry.stdout)]).toEqual([0, [{ matched: 3, users: 1, ended: 0, dryRun: true }]]);
    expect(await run("revoke-where", ...filter)).toMatchObject({ code: 2, stdout: "" });
    expect(await run("revoke-where", ...filter, "--yes", "--max", "2")).toMatchObject({
      code: 1,
      stdout: "",
    });
    const ended = await run("revoke-where", ...filter, "--yes", "--json", "--tombstones", "1d");
    expect([ended.code, json(ended.stdout)]).toEqual([
      0,
      [{ matched: 3, users: 1, ended: 3, dryRun: false }],
    ]);
    expect((await run("revoke-where", ...filter, "--yes")).code).toBe(3);
    expect(await withStore((manager) => manager.fetchByUserKey("ann@example.com"))).toEqual([]);
  });

  it("export-user and erase-user cover what the store remembers", async () => {
    const exported = await run("export-user", "ann@example.com");
    expect([exported.code, JSON.parse(exported.stdout)]).toMatchObject([
      0,
      { sessions: Array.from({ length: 3 }, () => ({ ended: { reason: "revoked" } })) },
    ]);
    expect((await run("erase-user", "ann@example.com")).code).toBe(2);
    const erased = await run("erase-user", "ann@example.com", "--yes", "--json");
    expect([erased.code, json(erased.stdout)]).toEqual([0, [{ sessions: 0, tombstones: 3, trail: 0 }]]);
    expect((await run("export-user", "ann@example.com")).code).toBe(3);
  });

  it("bench-store measures every operation, and leaves nothing behind", async () => {
    const before = await run("list", "--all");
    const outcome = await run("bench-store", "--rounds", "3", "--json");
    expect([outcome.code, json(outcome.stdout).length]).toEqual([0, 7]);
    const after = await run("list", "--all");
    expect(lines(after.stdout).sort()).toEqual(lines(before.stdout).sort());
  });

  it("list and revoke work in a process of their own", async () => {
    const runProcess = (...args: string[]) => cli.runProcess(args, { SESSIONUP_STORE: url });
    const own = ["list", "--user", USERS[2] ?? "", "--json"];
    const [first, ...others] = json((await runProcess(...own)).stdout);
    expect(await runProcess("revoke", first.id)).toEqual({ code: 0, stdout: `${first.id}\n`, stderr: "" });
    expect(json((await run(...own)).stdout)).toEqual(others);
  });

  if (name.startsWith("LMDB"))
    it("a file that the app has open is left alone", async () => {
      const { code, stderr } = await withStore(() =>
        cli.runProcess(["count", "--timeout", "1s"], { SESSIONUP_STORE: url }),
      );
      const message = "An LMDB file has one owner process: stop the app first";
      expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    });

  it("revoke-where --everyone ends all sessions", async () => {
    expect((await run("revoke-where", "--everyone", "--yes")).code).toBe(0);
    expect(await run("list")).toMatchObject({ code: 0, stdout: "" });
  });

  it("no message has the password", async () => {
    const wrong = await cli.run(["count", "--store", url.replace(/:\d+/, ":1"), "--timeout", "1s"]);
    expect(wrong.stdout + wrong.stderr).not.toMatch(/pass\/w@rd|%2Fw/);
  });
});
