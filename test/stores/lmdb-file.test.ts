import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { open, type RootDatabase } from "lmdb";
import { SessionError, type SessionRecord, shardOf } from "sessionup";
import { type LmdbRoot, lmdbStore } from "sessionup/stores/lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const NOW = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const PROGRAM = fileURLToPath(new URL("_lmdb-process.ts", import.meta.url));

let folder: string;
let root: RootDatabase;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sessionup-lmdb-"));
  root = open({ path: join(folder, "sessions.lmdb") });
});
afterEach(async () => {
  await root.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
function record(overrides: Partial<SessionRecord> = {}): SessionRecord {
  const userKey = overrides.userKey ?? "ann";
  return {
    id: `${shardOf(userKey)}${String(count++).padStart(20, "0")}`,
    userKey,
    revision: 0,
    createdAt: NOW + count,
    lastSeenAt: NOW,
    expiresAt: NOW + DAY,
    deadline: NOW + DAY,
    data: { v: 1 },
    ...overrides,
  };
}

/** Another process at the file, which does as it is told. */
async function otherProcess() {
  const child = fork(PROGRAM, [join(folder, "sessions.lmdb")], { execArgv: ["--import", "tsx"] });
  await once(child, "message");
  return {
    async ask(method: string, ...args: unknown[]): Promise<unknown> {
      child.send({ method, args });
      const [{ answer }] = await once(child, "message");
      return answer;
    },
    async kill() {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    },
  };
}

describe("two processes at one file", () => {
  it("see at once what the other was answered, in the middle of a turn too", async () => {
    const store = lmdbStore(root);
    const other = await otherProcess();
    for (let round = 0; round < 100; round++) {
      const own = record();
      await store.create(own, { now: NOW });
      expect(await other.ask("fetchById", own.id)).toEqual(own);
      // Reads, so that this process has a view; the other one ends the session; the next read is of after that.
      expect(await store.fetchById(own.id)).toEqual(own);
      expect(await other.ask("deleteById", own.id, { reason: "revoked", now: NOW })).toBe("deleted");
      expect(await store.fetchById(own.id)).toBeUndefined();
      expect(await store.fetchByUserKey("ann", { now: NOW, limit: 9 })).toEqual([]);
    }
    await other.kill();
  }, 60_000);

  it("go on when one was killed, with all that was acknowledged", async () => {
    const store = lmdbStore(root);
    const kept: string[] = [];
    for (let round = 0; round < 3; round++) {
      const other = await otherProcess();
      for (let index = 0; index < 20; index++) {
        const own = record();
        await other.ask("create", own, { now: NOW });
        kept.unshift(own.id);
      }
      // In the middle of something, if it gets so far.
      void other.ask("create", record({ userKey: "bob" }), { now: NOW }).catch(() => {});
      await other.kill();
      expect(await store.create(record({ userKey: "cyd" }), { now: NOW })).toEqual({ evicted: [] });
    }
    const live = await store.fetchByUserKey("ann", { now: NOW, limit: 99 });
    expect(live.map(({ id }) => id)).toEqual(kept);
  }, 60_000);
});

describe("lmdbStore", () => {
  it("finds everything again when the file is opened anew", async () => {
    const records = [record(), record({ userKey: "bob" })];
    for (const each of records) await lmdbStore(root).create(each, { now: NOW });
    await root.close();
    root = open({ path: join(folder, "sessions.lmdb") });
    expect(await lmdbStore(root).fetchByIds(records.map(({ id }) => id))).toEqual(records);
  });

  it("refuses a file of a later release", async () => {
    lmdbStore(root);
    const schema = root.openDB({ name: "sessionup_schema", encoding: "string", keyEncoding: "binary" });
    await schema.put(Buffer.from("version"), "2");
    const make = () => lmdbStore(root);
    expect(make).toThrow("lmdbStore: the file is of version 2, this release knows 1; upgrade sessionup");
    expect(make).toThrow(SessionError);
  });

  it("keeps two stores of other names apart", async () => {
    const [one, other] = [lmdbStore(root), lmdbStore(root, { name: "admins" })];
    const own = record();
    await one.create(own, { now: NOW });
    expect(await other.fetchById(own.id)).toBeUndefined();
  });

  it("lets the event loop go on while very many of a user's sessions end", async () => {
    const store = lmdbStore(root);
    const ids: string[] = [];
    for (let some = 0; some < 5; some++) {
      const records = Array.from({ length: 1_000 }, () => record());
      await Promise.all(records.map((each) => store.create(each, { now: NOW })));
      ids.push(...records.map(({ id }) => id));
    }
    let turns = 0;
    const turn = setInterval(() => turns++, 0);
    const ended = await store.deleteByUserKey("ann", { reason: "revoked", now: NOW });
    clearInterval(turn);
    expect([...ended].sort()).toEqual(ids.sort());
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it("writes all of an operation, or nothing", async () => {
    const store = lmdbStore(root);
    const [kept, ended] = [record(), record()];
    for (const each of [kept, ended]) await store.create(each, { now: NOW });
    const byDeadline = root.openDB({
      name: "sessionup_by_deadline",
      encoding: "string",
      keyEncoding: "binary",
    });
    // The last of the writes of a removal fails.
    const broken = lmdbStore(breaking(root, "sessionup_by_deadline"));
    await expect(broken.deleteById(ended.id, { reason: "logout", now: NOW })).rejects.toThrow("no room");
    expect(await store.fetchByIds([kept.id, ended.id])).toEqual([kept, ended]);
    expect((await store.fetchByUserKey("ann", { now: NOW, limit: 9 })).length).toBe(2);
    expect(byDeadline.getCount()).toBe(2);
  });

  it("reuses the room of what has ended", async () => {
    const store = lmdbStore(root);
    const size = async () => (await stat(join(folder, "sessions.lmdb"))).size;
    let after = 0;
    for (let round = 0; round < 30; round++) {
      const records = Array.from({ length: 200 }, () => record());
      await Promise.all(records.map((each) => store.create(each, { now: NOW })));
      await store.deleteByUserKey("ann", { reason: "logout", now: NOW });
      if (round === 9) after = await size();
    }
    expect(await size()).toBeLessThan(2 * after);
  });

  it.each<[what: string, make: () => unknown, message: string]>([
    [
      "no root",
      () => lmdbStore(undefined as never),
      "root: needs the root database that open() of lmdb gives",
    ],
    ["an empty name", () => lmdbStore(root, { name: "" }), "name: needs a name of 1 to 100 characters"],
    ["a number", () => lmdbStore(root, { timeout: 5 as never }), "timeout: needs a whole number"],
    ["a misspelt option", () => lmdbStore(root, { nam: "x" } as never), "nam"],
  ])("refuses %s", (_what, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

/** The same environment, in which removing from one of the databases fails. */
function breaking(whole: RootDatabase, name: string): LmdbRoot {
  return {
    transaction: (work) => whole.transaction(work),
    childTransaction: (work) => whole.childTransaction(work),
    get committed() {
      return whole.committed;
    },
    resetReadTxn: () => whole.resetReadTxn(),
    openDB(options) {
      const database = whole.openDB(options);
      if (options.name !== name) return database;
      return {
        get: (key) => database.get(key),
        putSync: (key, value) => database.putSync(key, value),
        getKeys: (range) => database.getKeys(range),
        removeSync() {
          throw new Error("no room");
        },
      };
    },
  };
}
