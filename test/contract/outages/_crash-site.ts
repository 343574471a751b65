import Database from "libsql";
import { open } from "lmdb";
import type { Store } from "sessionup";
import { lmdbStore } from "sessionup/stores/lmdb";
import { sqliteStore } from "sessionup/stores/sqlite";
import { startApp } from "./app.ts";

/** An app in a process of its own, which the suite kills: `<store> <path>`. Prints where it listens. */
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
if (!store) throw new Error(`no store ${name}`);
const { origin } = await startApp(store);
console.log(origin);
