import assert from "node:assert/strict";
import Database from "libsql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScanFilter } from "../../../src/store.ts";
import { SqliteEnds } from "../../../src/stores/sqlite/ends.ts";
import type { SqliteQuery } from "../../../src/stores/sqlite/engine.ts";
import type { RecordedQuery } from "../../../src/stores/sqlite/recorder.ts";
import { countRest, countUpTo, SqliteScan } from "../../../src/stores/sqlite/scan.ts";
import { toSqliteNames } from "../../../src/stores/sqlite/schema.ts";
import { SqliteStatements } from "../../../src/stores/sqlite/statements.ts";
import { sqliteStore } from "../../../src/stores/sqlite.ts";
import { NOW } from "../../support/record.ts";

const USER = "user-1";
const times = { createdAt: NOW, lastSeenAt: NOW, expiresAt: NOW + 1, deadline: NOW + 1 };
const record = { id: "abcd", userKey: USER, revision: 0, ...times, data: { v: 1 } };
const names = toSqliteNames("sessions");
const end = { reason: "revoked", now: NOW } as const;
const buried = { now: NOW, tombstones: { keepFor: 1_000, max: 100 } } as const;
const limit = (onExceed: "evict-oldest" | "evict-idlest" | "reject") => ({ max: 3, onExceed });

const BY_ID = "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id=?)";
const BY_ID_ALONE = "SEARCH sessions USING COVERING INDEX sqlite_autoindex_sessions_1 (id=?)";
const BY_USER = "SEARCH sessions USING INDEX sessions_by_user (user_key=?)";
const BY_USER_BEHIND = "SEARCH sessions USING INDEX sessions_by_user (user_key=? AND created_at<?)";
const TOMBSTONES_OF_USER =
  "SEARCH sessions USING COVERING INDEX sessions_by_user_ended (user_key=? AND ended_at>?)";
const ENDED_NOW = "SEARCH sessions USING COVERING INDEX sessions_by_user_ended (user_key=? AND ended_at=?)";
const BEYOND_MAX =
  "SEARCH tombstone USING COVERING INDEX sessions_by_user_ended (user_key=? AND ended_at>? AND ended_at<?)";
const ENDED_IN_RANGE = "SEARCH sessions USING INDEX sessions_by_ended (ended_at=? AND id>? AND id<?)";
const BY_ROW = "SEARCH sessions USING INTEGER PRIMARY KEY (rowid=?)";
const TRIM = [BY_ROW, "SCAN user", TOMBSTONES_OF_USER, BEYOND_MAX];
const EXPIRED = "SEARCH sessions USING COVERING INDEX sessions_by_deadline (deadline<?)";
const BY_LINK = "SEARCH sessions USING INDEX sessions_by_link (link=?)";
const BY_IDS = "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (id>? AND id<?)";
const LIST = "SCAN json_each VIRTUAL TABLE INDEX 1:";

function only([statement = assert.fail()]: readonly SqliteQuery[]): SqliteQuery {
  return statement;
}

type Plan = readonly [title: string, statement: RecordedQuery, plan: readonly string[]];

const toPlans = (statements: SqliteStatements): readonly Plan[] => [
  ["byIds with one id", statements.byIds(["abcd"]), [BY_ID]],
  ["byIds with several ids", statements.byIds(["abcd", "abce"]), [LIST, BY_ID]],
  ["page, in the index's order", statements.page(USER, NOW, 10, undefined), [BY_USER]],
  ["page behind a cursor", statements.page(USER, NOW, 10, record), [BY_USER_BEHIND]],
  ["update", statements.update("abcd", { data: { v: 1 } }, { now: NOW, ifRevision: 0 }), [BY_ID]],
  [
    "update of a tombstone",
    statements.update("abcd", { data: { v: 1 } }, { now: NOW, isTombstone: true }),
    [BY_ID],
  ],
  ["exists", statements.exists("abcd"), [BY_ID_ALONE]],
  ["end", statements.end("abcd", end, USER), [BY_ID]],
  ["endAll", statements.endAll(USER, end, [], 10, undefined), [BY_ID_ALONE, BY_USER]],
  [
    "endAll behind a cursor",
    statements.endAll(USER, end, ["abcd"], 10, record),
    [BY_ID_ALONE, BY_USER_BEHIND, LIST],
  ],
  [
    "evict with evict-oldest",
    statements.evict(record, { now: NOW }, limit("evict-oldest"), "", 10),
    [BY_ID_ALONE, BY_USER],
  ],
  [
    "evict with evict-idlest",
    statements.evict(record, { now: NOW }, limit("evict-idlest"), "", 10),
    [BY_ID_ALONE, BY_USER],
  ],
  [
    "replace",
    statements.replace(record, { now: NOW, limit: limit("reject") }, "abce"),
    [BY_ID, BY_ID_ALONE, BY_USER],
  ],
  ["insertWithin", statements.insertWithin(record, { now: NOW }, limit("reject")), [BY_USER]],
  ["hasNotEnded", statements.hasNotEnded("abcd"), [BY_ID]],
  ["byLink", statements.byLink("link", 10), [BY_LINK]],
  ["endCreatedBefore", statements.endCreatedBefore(NOW, end, "abcd", "~"), [BY_IDS]],
  ["isTombstone", statements.isTombstone("abcd"), [BY_ID]],
  ["deleteTombstones", statements.deleteTombstones(USER, 10), [BY_ROW, TOMBSTONES_OF_USER]],
  [
    "trimUser, which removes a user's tombstones beyond max",
    only(statements.trimUser(USER, buried)),
    [ENDED_NOW, ...TRIM],
  ],
  [
    "trimById, which removes tombstones beyond max of the session's user",
    only(statements.trimById("abcd", buried)),
    [BY_ID, ...TRIM],
  ],
  [
    "trimRange, which removes tombstones beyond max of all users whose sessions ended",
    only(statements.trimRange("abcd", "~", buried)),
    [ENDED_IN_RANGE, ...TRIM],
  ],
];

const database = new Database(":memory:");
beforeAll(() => sqliteStore(database, { table: "sessions" }).migrate());
afterAll(() => void database.close());

function explain({ sql, values }: SqliteQuery): readonly string[] {
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as Array<{ detail: string }>;
  const steps = rows
    .map(({ detail }) => detail)
    .filter((detail) => /^(SEARCH|SCAN) (?!\(|CONSTANT)/.test(detail));
  return [...new Set(steps)].sort();
}

/** Returns the steps that sort rows. */
function sorts({ sql, values }: SqliteQuery): readonly string[] {
  const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as Array<{ detail: string }>;
  return rows.map(({ detail }) => detail).filter((detail) => detail.includes("ORDER BY"));
}

describe("SqliteStatements", () => {
  const recording = new SqliteStatements(names, true);

  it.each(toPlans(new SqliteStatements(names)))(
    "searches by an index and does not scan the table: %s",
    (_title, statement, plan) => {
      expect(statement.event).toBeUndefined();
      expect(explain(statement)).toEqual([...plan].sort());
    },
  );

  it.each(toPlans(recording).filter(([, { event }]) => event))(
    "records the event by the same index: %s",
    (_title, { event = assert.fail() }, plan) => {
      // An event also needs the user key, so it reads the row.
      const withRow = new Set(plan.map((step) => step.replace(BY_ID_ALONE, BY_ID)));
      const steps = explain(event).map((step) => step.replace(BY_ID_ALONE, BY_ID));
      expect(new Set(steps)).toEqual(withRow);
    },
  );

  it("reads old events in the order of their numbers, as many as it may remove", () => {
    expect(explain(only(recording.deleteEvents(10)))).toEqual([
      // The limit of the subquery bounds this scan.
      "SCAN sessions_events",
      "SEARCH sessions_events USING INTEGER PRIMARY KEY (rowid<?)",
    ]);
  });
});

describe("SqliteScan", () => {
  const range = { from: NOW - 5, before: NOW };
  const cursor = `${NOW}.abcd`;
  const plans = (filter: ScanFilter) => {
    const scan = new SqliteScan(names.table, { now: NOW, limit: 9, filter, cursor });
    const statements = [scan.findEnd(1_000), scan.select({ at: NOW, id: "abcd" }), scan.select(undefined)];
    return statements.flatMap((statement) => {
      const [plan = "", ...others] = explain(statement);
      expect([plan, ...others, ...sorts(statement)]).toHaveLength(1);
      return plan.replace("COVERING ", "");
    });
  };

  it.each<[string, ScanFilter, string, string]>([
    ["sessions", {}, "sessions_by_created", ""],
    ["sessions by their data", { dataIncludes: ["x"], lastSeenAt: range }, "sessions_by_created", ""],
    ["sessions of a time", { createdAt: range }, "sessions_by_created", ""],
    ["a user's sessions", { userKey: USER, createdAt: range }, "sessions_by_user", "user_key=? AND "],
    ["tombstones", { ended: {} }, "sessions_by_ended", ""],
    ["tombstones of a time", { ended: range, createdAt: range }, "sessions_by_ended", ""],
  ])(
    "finds the end of a step and reads the step in the order of one index: %s",
    (_title, filter, index, first) => {
      expect(plans(filter).every((plan) => plan.includes(`INDEX ${index} (${first}`))).toBe(true);
    },
  );

  it("reads only the user's tombstones", () => {
    const scan = new SqliteScan(names.table, { now: NOW, limit: 9, filter: { ended: {}, userKey: USER } });
    const ofUser = "SEARCH sessions USING INDEX sessions_by_user_ended (user_key=? AND ended_at>?)";
    for (const statement of [scan.findEnd(1_000), scan.select(undefined)])
      expect(explain(statement)).toEqual([ofUser]);
  });

  it("counts in the order of the index by user", () => {
    const after = [new Uint8Array([1]), NOW, "abcd"] as const;
    const behind = "SEARCH sessions USING INDEX sessions_by_user ((user_key,created_at,id)>(?,?,?))";
    expect(explain(countUpTo(names.table, after, 1_000))).toEqual([behind]);
    expect(sorts(countUpTo(names.table, after, 1_000))).toEqual([]);
    expect(explain(countRest(names.table, after))).toContain(behind);
  });
});

describe("SqliteEnds", () => {
  const ends = new SqliteEnds(names);

  it("finds expired records by their deadlines", () => {
    expect(explain(ends.remove(NOW, 10))).toEqual([EXPIRED, BY_ROW]);
    expect(explain(ends.note(NOW, 10))).toEqual([EXPIRED, BY_ROW]);
  });
});

describe("the indexes of sqliteStore", () => {
  const through = (index: string, where: string) =>
    database.prepare(`SELECT 1 FROM sessions INDEXED BY ${index} WHERE ${where}`);

  it.each([
    ["sessions_by_user", "user_key = ?"],
    ["sessions_by_link", "link = ?"],
  ])("%s contains no tombstones, so logins and lists do not read them", (index, where) => {
    expect(() => through(index, `${where} AND ended_at IS NOT NULL`)).toThrow("no query solution");
    expect(() => through(index, `${where} AND ended_at IS NULL`)).not.toThrow();
  });

  it("sessions_by_user_ended contains only tombstones, so it costs nothing without them", () => {
    const where = "user_key = ? AND ended_at";
    expect(() => through("sessions_by_user_ended", `${where} IS NULL`)).toThrow("no query solution");
    expect(() => through("sessions_by_user_ended", `${where} IS NOT NULL`)).not.toThrow();
  });
});
