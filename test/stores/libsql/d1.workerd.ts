/** Runs the libSQL store on D1 inside Cloudflare's runtime. */
import { env } from "cloudflare:workers";
import { type D1, libsqlPush, libsqlStore } from "sessionup/stores/libsql";
import type { ContractSkip } from "sessionup/testing";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { runContract } from "../../contract/run-contract.ts";
import { HeardEvents } from "../../support/heard-events.ts";
import { createRecord, NOW } from "../../support/record.ts";

/** Tests that push does not change. On D1, whose local form takes milliseconds for each statement, they run without it. */
const SKIPS: readonly ContractSkip[] = [
  { reason: "scans run without push", tests: ["scan"] },
  {
    reason: "they run on D1 without push, and on a file of libSQL with push",
    tests: ["races", "delete-created-before/many", "delete-by-user-key/many"],
  },
];

describe("libsql × Cloudflare D1", () => {
  beforeAll(async () => {
    await Promise.all([libsqlStore(env.DB).migrate(), libsqlStore(env.DB).migrate()]);
  });
  runContract({ create: () => libsqlStore(env.DB) });
  describe("push", () => {
    const create = () => libsqlStore(env.DB, { push: libsqlPush({ interval: "10ms" }) });
    runContract({ create, another: create, skip: SKIPS });
  });

  it("a read without new events reads one row, and an event writes one", async () => {
    const read: number[] = [];
    const written: number[] = [];
    const database: D1 = {
      prepare(sql) {
        const statement = env.DB.prepare(sql);
        return {
          bind: (...values) => {
            const bound = statement.bind(...values);
            const all = bound.all.bind(bound);
            return Object.assign(bound, {
              async all() {
                const result = await all();
                read.push(result.meta.rows_read);
                return result;
              },
            });
          },
          all: () => statement.all(),
        };
      },
      async batch(statements) {
        const results = await env.DB.batch(statements as D1PreparedStatement[]);
        written.push(...results.map(({ meta }) => meta.rows_written));
        return results;
      },
    };
    const store = libsqlStore(database, { push: libsqlPush({ interval: "10ms" }) });
    const heard = new HeardEvents();
    await store.subscribe?.(heard);
    const record = createRecord();
    await store.create(record, { now: NOW });
    await vi.waitFor(() => expect(read.length).toBeGreaterThan(3));
    expect(new Set(read)).toEqual(new Set([1]));
    written.length = 0;
    await store.deleteById(record.id, { reason: "revoked", now: NOW });
    expect(written).toEqual([1, 1]);
    await vi.waitFor(() => expect(heard.ids).toEqual([record.id]));
    await store.close();
  });

  it("libsqlStore rejects cleanupEvery on D1, where no timer would run the cleanup", () => {
    expect(() => libsqlStore(env.DB, { cleanupEvery: "5m" })).toThrow(/^cleanupEvery .* cron trigger/);
    expect(() => libsqlStore(env.DB, { cleanupEvery: false })).not.toThrow();
  });
});
