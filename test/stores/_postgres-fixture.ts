import pg from "pg";

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
