import pg from "pg";
import { type SessionRecord, shardOf } from "sessionup";

export const NOW: number = Date.UTC(2026, 0, 1, 12);
export const DAY = 86_400_000;

let made = 0;
/** A session that nobody else has, of a second of its own. */
export function recordOf(overrides: Partial<SessionRecord> = {}): SessionRecord {
  const userKey = overrides.userKey ?? "ann";
  made += 1;
  return {
    id: `${shardOf(userKey)}${String(made).padStart(20, "0")}`,
    userKey,
    revision: 0,
    createdAt: NOW + made * 1_000,
    lastSeenAt: NOW,
    expiresAt: NOW + DAY,
    deadline: NOW + DAY,
    data: { v: 1 },
    ...overrides,
  };
}

export function poolOf(connectionString: string, config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, ...config });
  pool.on("error", () => undefined);
  return pool;
}

/** Carries `work` out in a transaction that stays open until so many others wait for it. */
export async function whileOthersWait(
  pool: pg.Pool,
  others: number,
  work: (client: pg.PoolClient) => Promise<unknown>,
  begin: () => void,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await work(client);
    begin();
    await until(async () => {
      const { rows } = await pool.query(
        "select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock'",
      );
      return rows[0].count === others;
    });
    await client.query("commit");
  } finally {
    client.release();
  }
}

/** Asks again and again, for ten seconds at most. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error("what was waited for did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
