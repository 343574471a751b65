import pg from "pg";

export function poolOf(connectionString: string, config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, ...config });
  pool.on("error", () => undefined);
  return pool;
}

/** What an operation answers that came second: these statements' transaction stays open until it waits for a lock. */
export async function second<Answer>(
  pool: pg.Pool,
  theirs: readonly string[],
  operation: () => Promise<Answer>,
): Promise<Answer> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    for (const statement of theirs) await client.query(statement);
    const answer = operation();
    await until(async () => {
      const { rows } = await pool.query(
        "select count(*)::int as count from pg_stat_activity where wait_event_type = 'Lock'",
      );
      return rows[0].count === 1;
    });
    await client.query("commit");
    return await answer;
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
