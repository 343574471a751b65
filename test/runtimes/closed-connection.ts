/**
 * Uses a store after the app has closed its connection: `closed-connection.ts <driver> <path>`. Runs as its
 * own process, because some drivers abort it. Prints one line per operation, `<operation> <error code>:
 * <message>`.
 */
import { shardOf } from "../../src/cookie/shard.ts";
import { type SqliteStore, sqliteStore } from "../../src/stores/sqlite.ts";
import { createRecord, NOW } from "../support/record.ts";
import { driverNamed } from "./_drivers.ts";

const [name = "", path = ""] = process.argv.slice(2);
const driver = await driverNamed(name);
const END = { reason: "logout", now: NOW } as const;

/** Returns every operation, so that all of the store's statements are prepared once. */
function operations(store: SqliteStore): Readonly<Record<string, () => Promise<unknown>>> {
  const record = createRecord({ id: `${shardOf("closed")}${Math.random()}`, userKey: "closed" });
  const id = record.id;
  return {
    create: () => store.create(record, { now: NOW, limit: { max: 5, onExceed: "evict-oldest" } }),
    fetchById: () => store.fetchById(id),
    fetchByIds: () => store.fetchByIds([id]),
    fetchByUserKey: () => store.fetchByUserKey("closed", { now: NOW, limit: 10 }),
    update: () => store.update(id, { data: { v: 2 } }, { now: NOW, ifRevision: 0 }),
    deleteById: () => store.deleteById(id, END),
    deleteByUserKey: () => store.deleteByUserKey("closed", END),
    deleteExpired: () => store.deleteExpired(NOW, 10),
    migrate: () => store.migrate(),
  };
}

async function outcome(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
    return "succeeded";
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
}

const database = driver.open(path);
const store = sqliteStore(database);
await store.migrate();
for (const operation of Object.values(operations(store))) await operation();

// Another connection holds the lock, so a login waits for it and retries after its own connection was closed.
const other = driver.open(path);
other.exec("BEGIN IMMEDIATE");
const waiting = outcome(operations(store).create?.() ?? Promise.resolve());
await new Promise((resolve) => setTimeout(resolve, 20));
database.close();
other.exec("ROLLBACK");
other.close();
console.log(`waiting ${await waiting}`);
for (const [title, operation] of Object.entries(operations(store)))
  console.log(`${title} ${await outcome(operation())}`);
await store.close();
console.log("alive");
