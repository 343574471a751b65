import { createClient as createLibsql } from "@libsql/client";
import { Redis } from "ioredis";
import Database from "libsql";
import postgres from "postgres";
import { createClient } from "redis";
import { Manager, type SessionEvents, type Store } from "sessionup";
import { recognition } from "sessionup/recognition";
import { libsqlStore } from "sessionup/stores/libsql";
import { memoryStore } from "sessionup/stores/memory";
import { mysqlStore } from "sessionup/stores/mysql";
import { postgresStore } from "sessionup/stores/postgres";
import { redisStore } from "sessionup/stores/redis";
import { sqliteStore } from "sessionup/stores/sqlite";
import { TestClock } from "sessionup/testing";
import { afterAll, describe, expect, it } from "vitest";
import { Witness, watched } from "../security/witness.ts";
import { Browser, testSessions } from "../support/browser.ts";
import { startMariadb } from "../support/servers/mariadb.ts";
import { WITHOUT_FSYNC as MYSQL_SETTINGS } from "../support/servers/mysql.ts";
import { WITHOUT_FSYNC as POSTGRES_SETTINGS, startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { openPool as mysqlPool } from "./mysql/fixture.ts";
import { openPool as postgresPool } from "./postgres/fixture.ts";

/** A working store, and a function that makes its engine fail every later write. */
interface Breakable {
  readonly store: Store;
  readonly breakEngine: () => Promise<unknown>;
  readonly close: () => Promise<unknown>;
}

const TABLE = "sessionup_sessions";
/** Makes the server reject every write with an error that contains the row. */
const closing = (table: string) => `alter table ${table} add constraint closed check (false) not valid`;
const stops: Array<() => Promise<unknown>> = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

/** Starts a server at the first call and returns the same server afterwards. */
function shared<Server extends { stop(): Promise<unknown> }>(
  start: () => Promise<Server>,
): () => Promise<Server> {
  let started: Promise<Server> | undefined;
  return () => {
    started ??= start().then((server) => {
      stops.push(() => server.stop());
      return server;
    });
    return started;
  };
}

const mariadb = shared(() => startMariadb(MYSQL_SETTINGS));
const pg = shared(() => startPostgres(POSTGRES_SETTINGS));

async function mysql(prepare: boolean): Promise<Breakable> {
  const pool = mysqlPool((await mariadb()).url);
  const table = prepare ? "prepared" : "literal";
  const store = mysqlStore(pool, { prepare, table });
  await store.migrate();
  return {
    store,
    breakEngine: async () => {
      const signal = "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the table is closed'";
      await pool.query(`CREATE TRIGGER closed_${table} BEFORE INSERT ON ${table} ${signal}`);
      await pool.query(`CREATE TRIGGER shut_${table} BEFORE UPDATE ON ${table} ${signal}`);
    },
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

const BACKENDS: Readonly<Record<string, () => Promise<Breakable>>> = {
  memory: async () => {
    const store = memoryStore();
    return { store, breakEngine: async () => store.close?.(), close: async () => undefined };
  },
  "sqlite by libsql": async () => {
    const database = new Database(":memory:");
    const store = sqliteStore(database);
    await store.migrate();
    return {
      store,
      breakEngine: async () => database.exec(`DROP TABLE ${TABLE}`),
      close: async () => store.close?.(),
    };
  },
  "libsql by @libsql/client": async () => {
    const client = createLibsql({ url: ":memory:" });
    const store = libsqlStore(client);
    await store.migrate();
    return {
      store,
      breakEngine: () => client.execute(`DROP TABLE ${TABLE}`),
      close: async () => client.close(),
    };
  },
  "redis by ioredis, out of memory": async () => {
    const server = await startRedis();
    const client = new Redis(server.port, "127.0.0.1");
    return {
      store: redisStore(client),
      breakEngine: () => client.config("SET", "maxmemory", "1"),
      close: async () => {
        client.disconnect();
        await server.stop();
      },
    };
  },
  "redis by ioredis, disconnected": async () => {
    const server = await startRedis();
    const client = new Redis(server.port, "127.0.0.1", { retryStrategy: null });
    client.on("error", () => undefined);
    return {
      store: redisStore(client),
      // The driver aborts pending commands with errors that contain the commands.
      breakEngine: async () => setTimeout(() => client.disconnect(), 20) && server.stop(),
      close: async () => client.disconnect(),
    };
  },
  "redis by node-redis, out of memory": async () => {
    const server = await startRedis();
    const client = await createClient({ url: `redis://127.0.0.1:${server.port}` }).connect();
    return {
      store: redisStore(client),
      breakEngine: () => client.sendCommand(["CONFIG", "SET", "maxmemory", "1"]),
      close: async () => {
        client.destroy();
        await server.stop();
      },
    };
  },
  "mysql by mysql2, prepared": () => mysql(true),
  "mysql by mysql2, not prepared": () => mysql(false),
  "postgres by pg": async () => {
    const pool = postgresPool((await pg()).url);
    const store = postgresStore(pool, { table: "by_pg" });
    await store.migrate();
    return { store, breakEngine: () => pool.query(closing("by_pg")), close: () => pool.end() };
  },
  "postgres by postgres.js": async () => {
    const sql = postgres((await pg()).url, { onnotice: () => undefined, debug: true });
    const store = postgresStore(sql, { table: "by_postgres_js" });
    await store.migrate();
    return { store, breakEngine: () => sql.unsafe(closing("by_postgres_js")), close: () => sql.end() };
  },
};

describe("the error of a failing driver", () => {
  it.each(Object.entries(BACKENDS))(
    "the error of a failing driver contains no secret and no hash after any operation: %s [asvs 3.3.4]",
    async (name, make) => {
      const witness = new Witness();
      const { store, breakEngine, close } = await make();
      const clock = new TestClock(Date.now());
      const keys = ["k".repeat(32)];
      const manager = new Manager(watched(store, witness), {
        clock: clock.now,
        rotateEvery: "1m",
        keys,
        recognize: recognition(),
      });
      const sessions = testSessions(manager);
      const failures: SessionEvents["error"][] = [];
      manager.events.on("error", (event) => {
        failures.push(event);
        witness.see("the event error", event);
      });
      const browsers: Browser[] = [];
      for (let count = 0; count < 8; count++) {
        const browser = new Browser();
        await browser.visit((request) => sessions.init(request, "ann"));
        for (const value of browser.jar.values()) witness.keepCookie(value);
        browsers.push(browser);
      }
      clock.advance("61s");
      await breakEngine();
      const methods = [
        "rotate",
        "reauthenticate",
        "revoke",
        "revokeOther",
        "revokeAll",
        "fetchAll",
        "authorize",
      ] as const;
      const attempts = [
        ...methods.map((method, at) => browsers[at]?.visit(async (request) => sessions[method](request))),
        new Browser().visit((request) => sessions.init(request, "ann")),
        browsers[7]?.visit((request) => sessions.init(request, "ann")),
        manager.fetchByUserKey("ann"),
        manager.revokeByUserKey("ann"),
      ];
      for (const { reason } of (await Promise.allSettled(attempts)).filter(
        ({ status }) => status === "rejected",
      ) as PromiseRejectedResult[])
        witness.see("an error", reason);
      await close();
      if (name !== "memory") expect(failures.length).toBeGreaterThan(1);
      expect(witness.size).toBeGreaterThan(30);
      expect(witness.leaks()).toEqual([]);
    },
  );
});
