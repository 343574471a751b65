import { createPool, type Pool, type PoolOptions } from "mysql2/promise";
import type { MysqlPool } from "sessionup/stores/mysql";

export function poolOf(url: string, options: PoolOptions = {}): Pool {
  return createPool({ uri: url, connectionLimit: 20, ...options });
}

/** What a store has asked of a pool, and the server's errors. */
export interface Recorder extends MysqlPool {
  /** The first words of each statement since this was asked last. */
  taken(): string[];
  readonly errnos: unknown[];
}

/** The same pool, which tells what is asked of it. */
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

/** What an operation answers that came second: these statements' transaction stays open until it waits for a lock. */
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

/** How many transactions wait for a lock: as it is now, where the table of transactions is up to 0.1 s behind. */
export async function waiting(pool: Pool): Promise<number> {
  const [rows] = await pool.query("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'");
  return Number((rows as Array<{ Value: unknown }>)[0]?.Value);
}

/** Asks again and again, for half a minute at most: others may be at work on the machine. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await ask())) {
    if (performance.now() > end) throw new Error("what was waited for did not happen");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
