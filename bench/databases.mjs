import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@libsql/client";
import { Redis } from "ioredis";
import Sqlite from "libsql";
import { open as openLmdb } from "lmdb";
import { createPool } from "mysql2/promise";
import pg from "pg";
import { libsqlStore } from "../dist/stores/libsql.js";
import { lmdbStore } from "../dist/stores/lmdb.js";
import { memoryStore } from "../dist/stores/memory.js";
import { mysqlStore } from "../dist/stores/mysql.js";
import { postgresStore } from "../dist/stores/postgres.js";
import { redisStore } from "../dist/stores/redis.js";
import { COLUMNS, toRowValues } from "../dist/stores/shared/rows.js";
import { sqliteStore } from "../dist/stores/sqlite.js";
import { startMariadb } from "../test/support/servers/mariadb.ts";
import { startPostgres } from "../test/support/servers/postgres.ts";
import { startRedis } from "../test/support/servers/redis.ts";

/**
 * Each store with a separate database. `fill` inserts records faster than logins would, and `bytes` returns the size.
 *
 * @typedef {import("../dist/index.js").SessionRecord} SessionRecord
 * @typedef {object} Database
 * @property {import("../dist/index.js").Store} store
 * @property {(records: readonly SessionRecord[]) => Promise<void>} fill
 * @property {(collectGarbage: () => void) => Promise<number>} bytes
 * @property {() => Promise<void>} close
 */

const TABLE = "sessionup_sessions";
const ROW = `(${COLUMNS.map(() => "?").join(", ")})`;
/** The number of rows per statement. SQLite and others limit a statement to about thirty thousand parameters. */
const ROWS = 1_000;

/** @type {Record<string, () => Promise<Database>>} */
export const DATABASES = {
  async memory() {
    const store = memoryStore();
    return {
      store,
      fill: fillWithCreate(store),
      async bytes(collectGarbage) {
        collectGarbage();
        return process.memoryUsage().heapUsed;
      },
      close: async () => store.close?.(),
    };
  },

  async redis() {
    const server = await startRedis();
    const client = new Redis(server.url);
    const store = redisStore(client);
    return {
      store,
      fill: fillWithCreate(store),
      bytes: async () => Number(/used_memory:(\d+)/.exec(await client.info("memory"))?.[1]),
      async close() {
        client.disconnect();
        await server.stop();
      },
    };
  },

  async postgres() {
    const server = await startPostgres();
    const pool = new pg.Pool({ connectionString: server.url });
    const store = postgresStore(pool);
    await store.migrate();
    return {
      store,
      fill: fillWithRows(async (rows, values) => {
        let next = 1;
        const text = rows.replaceAll("?", () => `$${next++}`);
        await pool.query(`insert into ${TABLE} (${COLUMNS.join(", ")}) values ${text}`, values);
      }),
      async bytes() {
        await pool.query(`vacuum analyze ${TABLE}`);
        const { rows } = await pool.query(`select pg_total_relation_size('${TABLE}') as bytes`);
        return Number(rows[0].bytes);
      },
      async close() {
        await store.close?.();
        await pool.end();
        await server.stop();
      },
    };
  },

  async mysql() {
    const server = await startMariadb();
    const pool = createPool(server.url);
    const store = mysqlStore(pool);
    await store.migrate();
    return {
      store,
      fill: fillWithRows(async (rows, values) => {
        await pool.query(`insert into ${TABLE} (${COLUMNS.join(", ")}) values ${rows}`, values.map(asBuffer));
      }),
      async bytes() {
        await pool.query(`analyze table ${TABLE}`);
        const [rows] = await pool.query(
          "select sum(data_length + index_length) as bytes from information_schema.tables where table_name = ?",
          [TABLE],
        );
        return Number(rows[0].bytes);
      },
      async close() {
        await store.close?.();
        await pool.end();
        await server.stop();
      },
    };
  },

  sqlite: () =>
    inFolder(async (folder) => {
      const database = new Sqlite(join(folder, "sessions.db"));
      const store = sqliteStore(database);
      await store.migrate();
      const insert = database.prepare(`insert into ${TABLE} (${COLUMNS.join(", ")}) values ${ROW}`);
      return {
        store,
        fill: fillWithRows(async (_rows, values) => {
          database.exec("begin");
          for (let from = 0; from < values.length; from += COLUMNS.length) {
            insert.run(values.slice(from, from + COLUMNS.length).map(asBuffer));
          }
          database.exec("commit");
        }),
        async bytes() {
          const pages = /** @type {any} */ (database.prepare("pragma page_count").get());
          const size = /** @type {any} */ (database.prepare("pragma page_size").get());
          return pages.page_count * size.page_size;
        },
        async close() {
          await store.close?.();
          database.close();
        },
      };
    }),

  libsql: () =>
    inFolder(async (folder) => {
      const client = createClient({ url: `file:${join(folder, "sessions.db")}` });
      const store = libsqlStore(client);
      await store.migrate();
      return {
        store,
        fill: fillWithRows(async (rows, args) => {
          await client.execute({
            sql: `insert into ${TABLE} (${COLUMNS.join(", ")}) values ${rows}`,
            args: /** @type {any} */ (args),
          });
        }),
        async bytes() {
          const pages = await client.execute("pragma page_count");
          const size = await client.execute("pragma page_size");
          return Number(pages.rows[0]?.[0]) * Number(size.rows[0]?.[0]);
        },
        async close() {
          await store.close?.();
          client.close();
        },
      };
    }),

  lmdb: () =>
    inFolder(async (folder) => {
      const path = join(folder, "sessions.lmdb");
      const store = await lmdbStore(openLmdb, { path });
      return {
        store,
        fill: fillWithCreate(store),
        bytes: async () => (await stat(path)).size,
        close: () => store.close(),
      };
    }),
};

/** Fills a store through its own `create`, many records at a time. */
function fillWithCreate(/** @type {import("../dist/index.js").Store} */ store) {
  return async (/** @type {readonly SessionRecord[]} */ records) => {
    for (let from = 0; from < records.length; from += 500) {
      const some = records.slice(from, from + 500);
      await Promise.all(some.map((record) => store.create(record, { now: record.createdAt })));
    }
  };
}

/** Fills a table with statements of many rows. */
function fillWithRows(/** @type {(rows: string, values: unknown[]) => Promise<void>} */ insert) {
  return async (/** @type {readonly SessionRecord[]} */ records) => {
    for (let from = 0; from < records.length; from += ROWS) {
      const some = records.slice(from, from + ROWS);
      await insert(some.map(() => ROW).join(", "), some.flatMap(toRowValues));
    }
  };
}

/** Some drivers accept bytes only as a Buffer. */
function asBuffer(/** @type {unknown} */ value) {
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}

async function inFolder(/** @type {(folder: string) => Promise<Database>} */ open) {
  const folder = await mkdtemp(join(tmpdir(), "sessionup-bench-"));
  const database = await open(folder);
  return {
    ...database,
    async close() {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
