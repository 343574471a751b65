import Database from "libsql";
import { open } from "lmdb";
import type { Store } from "sessionup";
import { lmdbStore } from "sessionup/stores/lmdb";
import { sqliteStore } from "sessionup/stores/sqlite";
import { startApp } from "./app.ts";

/** An app in its own process, which the suite kills: `_crash-site.ts <store> <path>`. Prints its origin. */
const [, , name = "", path = ""] = process.argv;

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  sqlite: async () => {
    const store = sqliteStore(new Database(path), { timeout: "1s" });
    await store.migrate();
    return store;
  },
  lmdb: () => lmdbStore(open, { path, timeout: "1s" }),
};

const store = await stores[name]?.();
if (!store) throw new Error(`The store must be sqlite or lmdb. Received ${name}.`);
const { origin } = await startApp(store);
console.log(origin);
