import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { open } from "lmdb";
import { lmdbStore } from "sessionup/stores/lmdb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KILLS_TIMEOUT, killRuns, killWriters } from "../../contract/kills.ts";
import { createRecord, NOW } from "../../support/record.ts";
import { hasContainers, LmdbFile, startThread } from "./_fixture.ts";

const END = { reason: "revoked", now: NOW } as const;
const HELD = /another process \(pid \d+\) has sessions\.lmdb open/;

const file = new LmdbFile();
beforeEach(() => file.make());
afterEach(() => file.remove());

describe("an LMDB file that several processes open", () => {
  it("a second process is rejected before it opens the file, with the pid of the first process", async () => {
    const other = await file.otherProcess();
    const opening = vi.fn(open);
    const error = await lmdbStore(opening, { path: file.path, timeout: "1s" }).catch((error) => error);
    expect(error).toMatchObject({ code: "ERR_STORE", status: 503 });
    expect(error.message).toContain(`another process (pid ${other.pid}) has sessions.lmdb open`);
    expect(opening).not.toHaveBeenCalled();
  });

  it("a waiting process gets the file as soon as the first process closes its store", async () => {
    const store = await file.store();
    const own = createRecord();
    const writing = store.create(own, { now: NOW });
    const waiting = file.otherProcess({ timeout: "30s" });
    await expect(file.otherProcess({ timeout: "1s" })).rejects.toThrow(HELD);
    await writing;
    await store.close();
    expect(await (await waiting).ask("fetchById", own.id)).toEqual(own);
    await expect(file.store({ timeout: "1s" })).rejects.toThrow(HELD);
  });

  it("a closed store rejects operations, and its process can open the file again", async () => {
    const store = await file.store();
    const [own, late] = [createRecord(), createRecord()];
    const writing = store.create(own, { now: NOW });
    await Promise.all([store.close(), store.close(), writing]);
    expect(await file.otherFiles()).toEqual([]);
    await expect(store.create(late, { now: NOW })).rejects.toThrow(/closed/);
    await expect(store.fetchById(own.id)).rejects.toThrow(/closed/);
    expect(await (await file.store()).fetchByUserKey("ann", { now: NOW, limit: 9 })).toEqual([own]);
  });

  it("a killed process releases the file at once and leaves no files behind", async () => {
    const own = createRecord();
    const neighbour = "sessions.lmdb-owner.txt";
    // A process that is killed while it writes its mark leaves the second file.
    for (const name of [neighbour, "sessions.lmdb-owner-1-1-00000000.new"])
      await writeFile(join(dirname(file.path), name), "");
    for (let round = 0; round < 3; round++) {
      const other = await file.otherProcess();
      if (round === 0) await other.ask("create", own, { now: NOW });
      await other.kill();
    }
    const store = await file.store();
    expect(await store.fetchById(own.id)).toEqual(own);
    await store.close();
    expect(await file.otherFiles()).toEqual([neighbour]);
  });

  it("a process that is suspended by SIGSTOP still owns the file", async () => {
    const other = await file.otherProcess();
    other.signal("SIGSTOP");
    await expect(file.store({ timeout: "1s" })).rejects.toThrow(HELD);
    other.signal("SIGCONT");
    expect(await other.ask("fetchById", "x")).toBeUndefined();
  });

  it("one of several processes that start at the same moment gets the file", async () => {
    for (let round = 0; round < 2; round++) {
      const starting = Array.from({ length: 3 }, () => file.otherProcess({ timeout: "1s" }));
      const outcomes = await Promise.allSettled(starting);
      const started = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      expect(started).toHaveLength(1);
      for (const each of outcomes) if (each.status === "rejected") expect(String(each.reason)).toMatch(HELD);
      for (const each of started) await each.kill();
    }
  });

  it.skipIf(!hasContainers)(
    "a container that shares the folder counts as another process, even with the same pid",
    async () => {
      const inside = await file.otherProcess({ container: true });
      await expect(file.store({ timeout: "1s" })).rejects.toThrow(HELD);
      // The process in this container has the same pid.
      await expect(file.otherProcess({ container: true, timeout: "1s" })).rejects.toThrow(HELD);
      await inside.kill();
      const store = await file.store();
      await expect(file.otherProcess({ container: true, timeout: "1s" })).rejects.toThrow(HELD);
      await store.close();
      expect(await (await file.otherProcess({ container: true })).ask("fetchById", "x")).toBeUndefined();
    },
  );

  it("a symbolic link counts as the same file, and a folder's path may be long", async () => {
    const folder = join(dirname(file.path), ...Array.from({ length: 10 }, () => "a folder with a long name"));
    await mkdir(folder, { recursive: true });
    const link = join(folder, "link.lmdb");
    await file.otherProcess();
    await symlink(file.path, link);
    await expect(lmdbStore(open, { path: link, timeout: "1s" })).rejects.toThrow(/another process/);
    const store = await lmdbStore(open, { path: join(folder, "made", "own.lmdb") });
    expect(await store.fetchById("x")).toBeUndefined();
    await store.close();
  });

  it("stores of one process and its worker threads share the file until the last one is closed", async () => {
    const store = await file.store();
    const admins = await file.store({ name: "admins" });
    const thread = startThread({ path: file.path });
    await once(thread, "message");
    const ask = async (method: string, ...args: unknown[]) => {
      thread.postMessage({ method, args });
      return (await once(thread, "message"))[0];
    };
    for (let round = 0; round < 20; round++) {
      const own = createRecord();
      await store.create(own, { now: NOW });
      expect(await ask("fetchById", own.id)).toEqual(own);
      // This read opens a snapshot in the main thread. The read after the thread's delete must not use it.
      expect(await store.fetchById(own.id)).toEqual(own);
      expect(await ask("deleteById", own.id, END)).toBe("deleted");
      expect(await store.fetchById(own.id)).toBeUndefined();
      expect(await admins.fetchById(own.id)).toBeUndefined();
    }
    await store.close();
    await admins.close();
    await expect(file.otherProcess({ timeout: "1s" })).rejects.toThrow(HELD);
    await ask("close");
    await thread.terminate();
    expect(await (await file.otherProcess()).ask("fetchById", "x")).toBeUndefined();
  });
});

describe("lmdbStore while processes are killed", () => {
  it(
    "keeps every acknowledged write when the owner is killed and another process takes over the file",
    async () => {
      const { opened, acknowledged, problems } = await killWriters("lmdb", file.path, killRuns(3), {
        killed: 2,
        steady: 0,
      });
      expect(problems).toEqual([]);
      expect(opened).toBeGreaterThan(0);
      expect(acknowledged).toBeGreaterThan(0);
    },
    KILLS_TIMEOUT,
  );

  it(
    "keeps every acknowledged write when processes that wait for the file are killed",
    async () => {
      const { problems, acknowledged } = await killWriters("lmdb", file.path, killRuns(2), {
        killed: 1,
        steady: 1,
        within: 1_000,
      });
      expect(problems).toEqual([]);
      expect(acknowledged).toBeGreaterThan(0);
    },
    KILLS_TIMEOUT,
  );
});

describe("lmdbStore on a full disk", () => {
  // Retry, because lmdb 3.5.6 sometimes does not report a failed commit, and the store rejects after its `timeout`.
  // That is a correct failure too, but its error does not contain the reason that this test expects.
  const again = { retry: 2, timeout: 60_000 };
  it("rejects writes with the reason and ends neither sessions nor the process", again, async () => {
    const other = await file.otherProcess({ limit: 512 });
    const kept: string[] = [];
    const errors: unknown[] = [];
    while (errors.length === 0) {
      const drafts = Array.from({ length: 3 }, () =>
        createRecord({ data: { v: 1, much: "x".repeat(9_000) } }),
      );
      const created = drafts.map((draft) => other.ask("create", draft, { now: NOW }));
      for (const [index, outcome] of (await Promise.allSettled(created)).entries()) {
        if (outcome.status === "fulfilled") kept.unshift(drafts[index]?.id ?? "");
        else errors.push(outcome.reason);
      }
    }
    expect(String(errors[0])).toMatch(/too large|no space|input\/output/i);
    // Gives a crash the time to happen.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(other.alive).toBe(true);
    const page = { now: NOW, limit: 1_000 };
    const listed = (await other.ask("fetchByUserKey", "ann", page)) as Array<{ id: string }>;
    expect(listed.map(({ id }) => id)).toEqual(kept);
    // A logout frees space.
    expect(await other.ask("deleteByUserKey", "ann", END)).toHaveLength(kept.length);
    expect(await other.ask("create", createRecord(), { now: NOW })).toMatchObject({ evicted: [] });
    await other.kill();
    expect(await (await file.store()).fetchByUserKey("ann", page)).toHaveLength(1);
  });
});
