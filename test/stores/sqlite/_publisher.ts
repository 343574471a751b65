/**
 * A process that shares a file with others: `_publisher.ts <path> <count>`. It creates that many sessions and ends each one,
 * alone or with others. With a count of 0, it subscribes and has nothing else to do.
 */
import Database from "libsql";
import { sqlitePush, sqliteStore } from "../../../src/stores/sqlite.ts";
import { createRecord, NOW } from "../../support/record.ts";

const [path = "", count = "0"] = process.argv.slice(2);
const end = { reason: "revoked", now: NOW } as const;
const publishes = Number(count) > 0;
const store = sqliteStore(new Database(path), {
  push: publishes || sqlitePush({ interval: "10ms" }),
  timeout: "30s",
});
if (!publishes)
  await store.subscribe?.({ ended: () => undefined, changed: () => undefined, status: () => undefined });
for (let index = 0; index < Number(count); index++) {
  const { id, userKey } = createRecord({ userKey: `user-${index % 5}` });
  await store.create(createRecord({ id, userKey }), { now: NOW });
  if (index % 10 === 9) await store.deleteByUserKey(userKey, end);
  else if (index % 2) await store.deleteById(id, end);
  else await store.create(createRecord({ userKey }), { now: NOW, replaces: id });
}
