import type { Store } from "sessionup";

/** A store for the demo, and a file for its accounts if they should outlive it too. */
interface Opened {
  readonly store: Store;
  readonly accounts?: string;
  /** Closes what the demo opened: a store never closes the app's client. */
  close(): Promise<void>;
}

/** What `--store` can be, what it needs to know, and how an app of one's own would open it. */
const STORES: Readonly<Record<string, { readonly needs?: string; open(where: string): Promise<Opened> }>> = {
  memory: {
    async open() {
      const { memoryStore } = await import("sessionup/stores/memory");
      return { store: memoryStore(), close: async () => {} };
    },
  },
  sqlite: {
    needs: "a path, such as demo.db",
    async open(path) {
      const { default: Database } = await import("libsql");
      const { sqliteStore } = await import("sessionup/stores/sqlite");
      const database = new Database(path);
      const store = sqliteStore(database);
      await store.migrate();
      return { store, accounts: `${path}.accounts.json`, close: async () => void database.close() };
    },
  },
  lmdb: {
    needs: "a path, such as demo.lmdb",
    async open(path) {
      const { open } = await import("lmdb");
      const { lmdbStore } = await import("sessionup/stores/lmdb");
      const store = await lmdbStore(open, { path });
      return { store, accounts: `${path}.accounts.json`, close: () => store.close() };
    },
  },
  redis: {
    needs: "a URL, such as redis://localhost:6379",
    async open(url) {
      const { Redis } = await import("ioredis");
      const { redisStore } = await import("sessionup/stores/redis");
      const client = new Redis(url, { maxRetriesPerRequest: 1 });
      client.on("error", () => {}); // each request that fails says so
      await client.ping();
      return { store: redisStore(client), accounts: ACCOUNTS, close: async () => void (await client.quit()) };
    },
  },
  postgres: {
    needs: "a URL, such as postgres://localhost/app",
    async open(url) {
      const { default: pg } = await import("pg");
      const { postgresStore } = await import("sessionup/stores/postgres");
      const pool = new pg.Pool({ connectionString: url });
      pool.on("error", () => {}); // an idle connection broke; the next request opens another
      const store = postgresStore(pool);
      await store.migrate();
      return { store, accounts: ACCOUNTS, close: () => pool.end() };
    },
  },
  mysql: {
    needs: "a URL, such as mysql://root@localhost/app",
    async open(url) {
      const { createPool } = await import("mysql2/promise");
      const { mysqlStore } = await import("sessionup/stores/mysql");
      const pool = createPool(url);
      const store = mysqlStore(pool);
      await store.migrate();
      return { store, accounts: ACCOUNTS, close: () => pool.end() };
    },
  },
};

/** Where the accounts are when the sessions are on a server: this demo has no tables of its own. */
const ACCOUNTS = "demo.accounts.json";

/** Opens the store of that name; throws, with one line for whoever typed it, where that cannot be. */
export async function openStore(name: string, where: string | undefined): Promise<Opened> {
  const chosen = Object.hasOwn(STORES, name) ? STORES[name] : undefined;
  if (!chosen) throw new Error(`--store: one of ${Object.keys(STORES).join(", ")}`);
  if (chosen.needs && !where) throw new Error(`--store ${name}: needs ${chosen.needs}`);
  try {
    return await chosen.open(where ?? "");
  } catch (error) {
    throw new Error(`--store ${name}: ${error instanceof Error ? error.message || error.name : error}`, {
      cause: error,
    });
  }
}
