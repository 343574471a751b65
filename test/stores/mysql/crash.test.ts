import { type MysqlStore, mysqlStore } from "sessionup/stores/mysql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRecord, NOW } from "../../support/record.ts";
import type { MysqlServer } from "../../support/servers/mysql.ts";
import { DURABLE_SERVERS } from "./_backends.ts";
import { openPool, until } from "./fixture.ts";

describe.each(DURABLE_SERVERS)("mysqlStore on %s", (_name, start) => {
  let server: MysqlServer;
  beforeAll(async () => {
    server = await start({ "innodb-flush-log-at-trx-commit": "1" });
  }, 300_000);
  afterAll(() => server.stop());

  const KEPT = { userKey: "kept", limit: { max: 1_000, onExceed: "evict-oldest" } } as const;
  const EVICTED = { userKey: "evicted", limit: { max: 2, onExceed: "evict-oldest" } } as const;

  /** The sessions that a store acknowledged before its server was killed. */
  interface Acknowledged {
    readonly live: Set<string>;
    readonly dead: Set<string>;
  }

  /** Logs one user in and out, or in repeatedly with a limit of two, until the server is killed. */
  async function untilItDies(store: MysqlStore, number: number, { live, dead }: Acknowledged): Promise<void> {
    const end = (id: string) => {
      live.delete(id);
      dead.add(id);
    };
    const { userKey, limit } = number % 2 ? KEPT : EVICTED;
    try {
      for (let round = 0; ; round++) {
        const record = createRecord({ userKey: `${userKey} ${number}` });
        // The kill may interrupt this create, which may or may not have evicted the oldest session.
        const [oldest] = live;
        if (oldest && live.size === limit.max) live.delete(oldest);
        const { evicted } = await store.create(record, { now: NOW, limit });
        live.add(record.id);
        evicted.forEach(end);
        if (number % 2 && round % 3 === 0) {
          live.delete(record.id);
          await store.deleteById(record.id, { reason: "logout", now: NOW });
          dead.add(record.id);
        }
      }
    } catch {
      // The server was killed.
    }
  }

  describe("a killed server", () => {
    it("keeps every acknowledged write across three restarts", async () => {
      const first = openPool(server.url);
      const store = mysqlStore(first);
      await store.migrate();
      for (let time = 0; time < 3; time++) {
        const pool = openPool(server.url);
        const working = mysqlStore(pool, { timeout: "2s" });
        const acknowledged = [1, 2, 3, 4].map((): Acknowledged => ({ live: new Set(), dead: new Set() }));
        const dying = acknowledged.map((each, index) => untilItDies(working, index, each));
        await until(async () => acknowledged.every(({ dead }) => dead.size > 5));
        await server.process.signal("SIGKILL");
        await Promise.all(dying);
        await server.process.start(server.port);
        await working.close();
        await pool.end().catch(() => undefined);
        const again = openPool(server.url);
        const after = mysqlStore(again);
        const there = async (which: keyof Acknowledged) => {
          const ids = acknowledged.flatMap((each) => [...each[which]]);
          const records = await after.fetchByIds(ids);
          return [ids.length, records.filter((record) => record).length] as const;
        };
        const [kept, found] = await there("live");
        const [ended, back] = await there("dead");
        expect(kept).toBeGreaterThan(5);
        expect(ended).toBeGreaterThan(20);
        expect(found).toBe(kept);
        expect(back).toBe(0);
        await after.close();
        await again.end();
      }
      await store.close();
      await first.end().catch(() => undefined);
    }, 180_000);
  });
});
