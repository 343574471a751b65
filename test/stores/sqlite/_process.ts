/**
 * One of several processes that share a file: `_process.ts <store> <path> <name> <logins>`. Prints a line of JSON
 * before it ends sessions and immediately after each acknowledged operation.
 */
import { writeSync } from "node:fs";
import { createClient } from "@libsql/client";
import Database from "libsql";
import { shardOf } from "../../../src/cookie/shard.ts";
import { libsqlStore } from "../../../src/stores/libsql.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { NOW } from "../../support/record.ts";

const [kind, path = "", name = "", logins = "0"] = process.argv.slice(2);
const end = { reason: "revoked", now: NOW } as const;
const options = { timeout: "30s" } as const;
const store =
  kind === "libsql"
    ? libsqlStore(createClient({ url: `file:${path}` }), options)
    : sqliteStore(new Database(path), options);
const acknowledged = (what: object) => void writeSync(1, `${JSON.stringify(what)}\n`);

await store.migrate();
for (let count = 0; count < Number(logins); count++) {
  const userKey = `user-${count % 5}`;
  const id = `${shardOf(userKey)}${name}x${String(count).padStart(8, "0")}`;
  const times = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW + 1_000, deadline: NOW + 1_000_000 };
  await store.create({ id, userKey, revision: 0, ...times, data: { v: 1 } }, { now: NOW });
  acknowledged({ created: [id] });
  const activity = { lastSeenAt: NOW + 1 + count, expiresAt: NOW + 1_001 + count };
  const touched = await store.update(id, { activity }, { now: NOW, ifRevision: 0 });
  if (touched === "updated") acknowledged({ touched: [id] });
  if (count % 10 === 9) {
    acknowledged({ ending: shardOf(userKey) });
    acknowledged({ ended: await store.deleteByUserKey(userKey, end) });
  }
  if (count % 10 === 4) {
    acknowledged({ ending: id });
    acknowledged({ ended: (await store.deleteById(id, end)) === "deleted" ? [id] : [] });
  }
}
acknowledged({ finished: name });
await store.close();
