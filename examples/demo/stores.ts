import type { Store } from "sessionup";
import { explainFile, explainServer } from "./open-errors.ts";

/** A store for the demo, and a file for the accounts unless both are in memory. */
interface Opened {
  readonly store: Store;
  readonly accounts?: string;
  /** The name of the store for the terminal. */
  readonly label: string;
  /** The place of the data, shown in the footer after "It keeps". */
  readonly storage?: string;
  /** Closes what the demo opened: a store never closes the app's client. */
  close(): Promise<void>;
}

/** A database for `--store`: how it is addressed, and how an app opens it. */
interface Database {
  readonly label: string;
  readonly at: "path" | "url";
  readonly example: string;
  open(where: string): Promise<Pick<Opened, "store" | "close">>;
}

const DATABASES: Readonly<Record<string, Database>> = {
  sqlite: {
    label: "SQLite",
    at: "path",
    example: "demo.db",
    async open(path) {
      const { default: Database } = await import("libsql");
      const { sqliteStore } = await import("sessionup/stores/sqlite");
      const database = new Database(path);
      const store = sqliteStore(database);
      await store.migrate();
      return { store, close: async () => void database.close() };
    },
  },
  lmdb: {
    label: "LMDB",
    at: "path",
    example: "demo.lmdb",
    async open(path) {
      const { open } = await import("lmdb");
      const { lmdbStore } = await import("sessionup/stores/lmdb");
      const store = await lmdbStore(open, { path });
      return { store, close: () => store.close() };
    },
  },
  redis: {
    label: "Redis",
    at: "url",
    example: "redis://localhost:6379",
    async open(url) {
      const { Redis } = await import("ioredis");
      const { redisPush, redisStore } = await import("sessionup/stores/redis");
      const client = new Redis(url, { maxRetriesPerRequest: 1 });
      let connectionError: unknown;
      // Without a listener, ioredis would log each error. The failed requests report the outage.
      client.on("error", (error) => {
        connectionError = error;
      });
      await client.ping().catch((error) => {
        client.disconnect(); // it would go on to reconnect
        throw connectionError ?? error;
      });
      // A session that another instance of the demo ends then ends here at once.
      const push = redisPush(() => client.duplicate());
      return { store: redisStore(client, { push }), close: async () => void (await client.quit()) };
    },
  },
  postgres: {
    label: "PostgreSQL",
    at: "url",
    example: "postgres://localhost/app",
    async open(url) {
      const { default: pg } = await import("pg");
      const { postgresPush, postgresStore } = await import("sessionup/stores/postgres");
      const pool = new pg.Pool({ connectionString: url });
      pool.on("error", () => {}); // an idle connection broke; the next request opens a new one
      const push = postgresPush(() => new pg.Client({ connectionString: url }));
      const store = postgresStore(pool, { push });
      await store.migrate();
      return { store, close: () => pool.end() };
    },
  },
  mysql: {
    label: "MySQL",
    at: "url",
    example: "mysql://root@localhost/app",
    async open(url) {
      const { createPool } = await import("mysql2/promise");
      const { mysqlStore } = await import("sessionup/stores/mysql");
      const pool = createPool(url);
      const store = mysqlStore(pool);
      await store.migrate();
      return { store, close: () => pool.end() };
    },
  },
};

/** The accounts file when the sessions are on a server. The demo creates no tables for accounts. */
const ACCOUNTS = "demo.accounts.json";

/** Opens the store with this name. Throws an error with a one-line message for the terminal. */
export async function openStore(name: string, where = ""): Promise<Opened> {
  if (name === "memory") {
    const { memoryStore } = await import("sessionup/stores/memory");
    return { store: memoryStore(), label: "memory", close: async () => {} };
  }
  const database = Object.hasOwn(DATABASES, name) ? DATABASES[name] : undefined;
  if (!database) throw new Error(`--store: use one of memory, ${Object.keys(DATABASES).join(", ")}`);
  const { label, at, example } = database;
  const wanted = `a ${at === "url" ? "URL" : "path"}, such as ${example}`;
  if (where === "") throw new Error(`--store ${name}: add ${wanted}`);
  if (at === "url" && !hasSameScheme(where, example)) throw new Error(`--store ${name}: use ${wanted}`);
  try {
    return {
      ...(await database.open(where)),
      label,
      accounts: at === "path" ? `${where}.accounts.json` : ACCOUNTS,
      storage: `sessions in ${label} and accounts in a JSON file`,
    };
  } catch (error) {
    const why = at === "path" ? await explainFile(label, where) : explainServer(label, where, error);
    throw new Error(`--store ${name}: ${why}`, { cause: error });
  }
}

/** Whether a URL has the scheme of the example, including TLS (`rediss:`) and longer names (`postgresql:`). */
function hasSameScheme(url: string, example: string): boolean {
  return URL.canParse(url) && new URL(url).protocol.startsWith(new URL(example).protocol.slice(0, -1));
}
