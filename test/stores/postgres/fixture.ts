import pg from "pg";

export function openPool(connectionString: string, config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, ...config });
  pool.on("error", () => undefined);
  return pool;
}

/** Runs an operation while another transaction holds locks, and commits that transaction once the operation waits. */
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

/** Polls until `ask` returns true, for up to ten seconds. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error("The condition did not become true within 10 seconds.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
