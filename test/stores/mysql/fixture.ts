import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import type { MysqlPool } from "sessionup/stores/mysql";

export function openPool(url: string, options: PoolOptions = {}): Pool {
  return createPool({ uri: url, connectionLimit: 20, ...options });
}

/** A pool that records the store's statements and the server's errors. */
export interface Recorder extends MysqlPool {
  /** Returns the first words of each statement since the last call. */
  taken(): string[];
  readonly errnos: unknown[];
}

/** Wraps a pool and records its statements. */
export function recorded(pool: MysqlPool): Recorder {
  let statements: string[] = [];
  const errnos: unknown[] = [];
  return {
    errnos,
    taken() {
      const taken = statements;
      statements = [];
      return taken;
    },
    async getConnection() {
      const connection = await pool.getConnection();
      const recording =
        (method: "query" | "execute") =>
        async (options: Parameters<typeof connection.query>[0]): Promise<readonly unknown[]> => {
          const [words = ""] = /^\w+( TRANSACTION)?/.exec(options.sql) ?? [];
          statements.push(method === "execute" ? `${words}, prepared` : words);
          try {
            return await connection[method](options);
          } catch (error) {
            errnos.push((error as { errno?: unknown }).errno);
            throw error;
          }
        };
      return {
        query: recording("query"),
        execute: recording("execute"),
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      };
    },
  };
}

/** Runs an operation while another transaction holds locks, and commits that transaction once the operation waits. */
export async function second<Answer>(
  pool: Pool,
  theirs: readonly string[],
  operation: () => Promise<Answer>,
): Promise<Answer> {
  const connection = await pool.getConnection();
  try {
    await connection.query("START TRANSACTION");
    for (const statement of theirs) await connection.query(statement);
    const answer = operation();
    await until(async () => (await waiting(pool)) === 1);
    await connection.query("COMMIT");
    return await answer;
  } finally {
    connection.release();
  }
}

/** Returns the number of transactions that wait for a lock. The table of transactions would be up to 0.1 s behind. */
export async function waiting(pool: Pool): Promise<number> {
  const [rows] = await pool.query("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
  return Number((rows as Array<{ Value: unknown }>)[0]?.Value);
}

/** Polls until `ask` returns true, for up to 30 seconds because the machine may be busy. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error("The condition did not become true within 30 seconds.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
