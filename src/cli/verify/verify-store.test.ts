import { describe, expect, it } from "vitest";
import { createRecord, DAY, HOUR, NOW } from "../../../test/support/record.ts";
import { CLAIM_PREFIX, type SessionRecord, type Store } from "../../store.ts";
import { memoryStore } from "../../stores/memory.ts";
import type { Finding } from "../finding.ts";
import { compareRecords, findDefects } from "./record-rules.ts";
import { judgeCount, verifyStore } from "./verify-store.ts";

async function verify(store: Store, sessions = 1_000): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const tools = { now: () => NOW + HOUR, progress: () => undefined, signal: new AbortController().signal };
  for await (const finding of verifyStore(store, { sessions, users: 100 }, tools)) findings.push(finding);
  return findings;
}

/** A memory store with two users, of whom one has three sessions, and with changed methods. */
async function filled(changes: (store: Store) => Partial<Store> = () => ({})): Promise<Store> {
  const store = memoryStore();
  for (const userKey of ["ann", "ann", "ann", "ben"])
    await store.create(createRecord({ userKey, createdAt: NOW, lastSeenAt: NOW }), { now: NOW });
  const bound = new Proxy(store, {
    get: (target, name) => {
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as Store;
  const own = changes(bound);
  return new Proxy(bound, { get: (target, name) => Reflect.get(name in own ? own : target, name) }) as Store;
}

function failures(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ status }) => status === "fail")
    .map(({ name, text }) => `${name}: ${text.replace(/ \(.*/, "")}`);
}

describe("verifyStore", () => {
  it("finds nothing wrong with a store that keeps the contract", async () => {
    const findings = await verify(await filled());
    expect(failures(findings)).toEqual([]);
    expect(findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["records", "scan", "lookups", "lists", "pages"]),
    );
  });

  it("looks at no more sessions than planned", async () => {
    const [records] = await verify(await filled(), 2);
    expect(records?.text).toContain("(2 sessions)");
  });

  it("calls no method that writes", async () => {
    const forbid = (name: string) => () => {
      throw new Error(`${name} was called`);
    };
    const writing = [
      "create",
      "update",
      "deleteById",
      "deleteByUserKey",
      "deleteExpired",
      "deleteTombstones",
      "deleteCreatedBefore",
    ];
    const findings = await verify(
      await filled(() => Object.fromEntries(writing.map((name) => [name, forbid(name)]))),
    );
    expect(failures(findings)).toEqual([]);
  });

  const changed = (record: SessionRecord | undefined, change: Partial<SessionRecord>) =>
    record && { ...record, ...change };

  it.each<[what: string, changes: (store: Store) => Partial<Store>, failure: string]>([
    [
      "a lookup that returns other data",
      (store) => ({
        fetchByIds: async (ids) =>
          (await store.fetchByIds(ids)).map((record) => changed(record, { data: { v: 1, other: true } })),
      }),
      "lookups: the data changed without a new revision",
    ],
    [
      "a lookup that returns an older revision",
      (store) => ({ fetchById: async (id) => changed(await store.fetchById(id), { revision: -1 }) }),
      "lookups: fetchByIds returns an older revision than the scan",
    ],
    [
      "a list without a live session",
      (store) => ({
        fetchByUserKey: async (userKey, page) => (await store.fetchByUserKey(userKey, page)).slice(1),
      }),
      "lists: a live session is missing in its user's list",
    ],
    [
      "a list in the wrong order",
      (store) => ({
        fetchByUserKey: async (userKey, page) => (await store.fetchByUserKey(userKey, page)).toReversed(),
      }),
      "lists: a user's list is not sorted newest first, by createdAt and id",
    ],
    [
      "pages that repeat their first session",
      (store) => ({
        fetchByUserKey: async (userKey, { before, ...page }) =>
          before && page.limit === 2
            ? []
            : store.fetchByUserKey(userKey, { ...page, ...(before && { before }) }),
      }),
      "pages: small pages of a list do not add up to the list",
    ],
    [
      "a scan that returns an expired session",
      (store) => ({
        scan: async (page) => {
          const { records, ...rest } = (await store.scan?.(page)) ?? { records: [] };
          return { ...rest, records: records.map((record) => ({ ...record, expiresAt: NOW })) };
        },
      }),
      "records: the session was not live at the time of the scan",
    ],
    [
      "an exact count that is too high",
      () => ({ count: async () => ({ count: 40, isExact: true }) }),
      "count: The store counts 40 sessions, and the scan returned 4.",
    ],
  ])("reports %s", async (_, changes, failure) => {
    expect(failures(await verify(await filled(changes)))).toContain(failure);
  });

  it("says that a store without scan cannot be verified", async () => {
    const findings = await verify(await filled(() => ({ scan: undefined }) as unknown as Partial<Store>));
    expect(findings.map(({ status, name }) => [status, name])).toEqual([["warn", "scan"]]);
  });
});

describe("findDefects", () => {
  it.each<[change: Partial<SessionRecord>, defect: string]>([
    [{ id: "no id" }, "the id is not 4 to 128 letters and digits"],
    [{ id: "00aaaaaaaaaaaaaaaaaaaa" }, "the id does not begin with the shard of the user key"],
    [{ userKey: "" }, "the user key is not well-formed text of 1 to 1024 bytes"],
    [{ revision: -1 }, "the revision is not a whole number"],
    [{ lastSeenAt: Number.NaN }, "a time is not a whole number of milliseconds"],
    [{ expiresAt: NOW + 2 * DAY }, "expiresAt is later than the deadline"],
    [{ ended: { at: NOW, reason: "logout" } }, "the session was not live at the time of the scan"],
    [{ data: { v: 9 } }, "the data was written by a later release"],
  ])("finds the defect of %j", (change, defect) => {
    expect(findDefects({ ...createRecord(), ...change }, NOW)).toContain(defect);
  });

  it("finds that a record is a claim", () => {
    expect(findDefects(createRecord({ userKey: `${CLAIM_PREFIX}x` }), NOW)).toEqual([
      "the record is a claim, not a session",
    ]);
  });
});

describe("compareRecords", () => {
  it("accepts a session that has changed, moved on or ended since the scan", () => {
    const record = createRecord();
    const later = { ...record, revision: 1, lastSeenAt: record.lastSeenAt + 1, data: { v: 1, new: true } };
    expect(compareRecords(record, later)).toBeUndefined();
    expect(compareRecords(record, undefined)).toBeUndefined();
    expect(compareRecords(record, { ...record, ended: { at: NOW, reason: "logout" } })).toBeUndefined();
  });
});

describe("judgeCount", () => {
  it.each([
    ["as many as were scanned", 1_000, true, 1_000, { count: 1_000, isExact: true }, "ok"],
    ["as many, although some began meanwhile", 1_010, true, 1_000, { count: 1_020, isExact: true }, "ok"],
    ["fewer than a part of the scan", 1_000, false, 100, { count: 100, isExact: true }, "fail"],
    ["more than a part of the scan", 1_000, false, 9_000, { count: 9_000, isExact: true }, "ok"],
    ["an estimate that is twice as high", 1_000, true, 2_000, { count: 2_000, isExact: false }, "ok"],
    ["an estimate that is far off", 1_000, true, 20_000, { count: 20_000, isExact: false }, "warn"],
  ] as const)("judges %s", (_, seen, isComplete, before, after, status) => {
    expect(judgeCount(seen, isComplete, before, after).status).toBe(status);
  });
});
