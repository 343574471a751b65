/**
 * Writes until it is killed: `kill-writer.ts <store> <path> <slot>`, where the store is `lmdb` or a SQLite
 * driver. Continues where the slot's last process was killed. Prints a line of JSON for every acknowledged
 * write and every problem.
 */
import { writeSync } from "node:fs";
import { shardOf } from "../../src/cookie/shard.ts";
import type { Store } from "../../src/store.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { createRecord, NOW } from "../support/record.ts";
import { driverNamed } from "./_drivers.ts";

const [kind = "", path = "", slot = ""] = process.argv.slice(2);
const say = (what: object) => void writeSync(1, `${JSON.stringify(what)}\n`);
const END = { reason: "logout", now: NOW } as const;

async function opened(): Promise<Store> {
  const timeout = "30s";
  if (kind === "lmdb") {
    const [{ open }, { lmdbStore }] = await Promise.all([import("lmdb"), import("../../src/stores/lmdb.ts")]);
    return lmdbStore(open, { path, timeout });
  }
  const store = sqliteStore((await driverNamed(kind)).open(path), { timeout });
  await store.migrate();
  return store;
}

const store = await opened();
const id = `${shardOf(slot)}${slot}`;
const first = await store.fetchById(id);
let count = Number(first?.data.count ?? 0);
let revision = first?.revision ?? 0;
say({ up: count });
if (!first) await store.create(createRecord({ id, userKey: slot, data: { v: 1, count } }), { now: NOW });
for (;;) {
  const data = { v: 1, count: count + 1 };
  const logins = Array.from({ length: 3 }, () => createRecord({ userKey: slot }));
  const creating = logins.map((login) => store.create(login, { now: NOW }));
  const updated = await store.update(id, { data }, { now: NOW, ifRevision: revision });
  if (updated === "updated") {
    count++;
    revision++;
    say({ acknowledged: count });
  } else say({ problem: `an update was lost: ${updated} after ${count}` });
  await Promise.all(creating);
  const [counter, ...fresh] = await store.fetchByIds([id, ...logins.map((login) => login.id)]);
  if (counter?.data.count !== count)
    say({ problem: `an update is late: ${counter?.data.count}, not ${count}` });
  if (fresh.includes(undefined)) say({ problem: "a login is unknown" });
  const ended = await Promise.all(logins.map((login) => store.deleteById(login.id, END)));
  if (ended.some((each) => each !== "deleted")) say({ problem: "a login was lost" });
  const gone = await store.fetchByIds(logins.map((login) => login.id));
  if (gone.some((each) => each)) say({ problem: "a logout is late" });
}
