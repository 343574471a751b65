import { SessionError } from "../../errors.ts";
import type { SqlValue } from "../shared/rows.ts";
import { tableError } from "../shared/sql-store.ts";

/** A row by column. Drivers return integers as numbers, bigints or text. */
export type SqliteRow = Readonly<Record<string, unknown>>;

/** A statement that returns rows. Its placeholders are `?`, the only form that all drivers support. */
export interface SqliteQuery {
  readonly sql: string;
  /** In the order of the placeholders. */
  readonly values: readonly SqlValue[];
}

/** A database with SQLite's SQL: a local file or a server. */
export interface SqliteEngine {
  /** How many of a user's sessions end in one step. More end in several steps, so that other work is not blocked. */
  readonly maxPerStep: number;
  /** How many entries of an index one statement counts. More are counted by several statements. */
  readonly maxPerCount: number;
  /** Returns the rows of a statement that changes nothing. */
  read(query: SqliteQuery): Promise<readonly SqliteRow[]>;
  /** Runs the statements in one transaction. Returns the rows of each one. */
  write(queries: readonly SqliteQuery[]): Promise<ReadonlyArray<readonly SqliteRow[]>>;
  /** Runs statements without values or rows in one transaction, such as those that create tables. */
  define(statements: readonly string[]): Promise<void>;
  /** Enables WAL mode, in which readers and a writer do not block one another. Absent without a local file. */
  enableWal?(): Promise<void>;
  /** Whether settings of the connection decide what a crash destroys, as those of a local file do. */
  readonly isLocal?: boolean;
}

/** `maxPerStep` of an engine that blocks the event loop: such a step takes a few milliseconds. */
export const MAX_PER_BLOCKING_STEP = 1_000;
/** `maxPerCount` of such an engine. */
export const MAX_PER_BLOCKING_COUNT = 10_000;

export const ENABLE_WAL = "PRAGMA journal_mode = WAL";

/** The pause between two attempts, in milliseconds. It doubles from `first` to `last`. */
const PAUSE = { first: 1, last: 8 } as const;

/** Repeats an operation while another connection has locked the database, without blocking the event loop. */
export class LockRetry {
  readonly #timeout: number;
  readonly #store: string;

  /** The timeout is in milliseconds. `store` is the name in error messages. */
  constructor(timeout: number, store: string) {
    this.#timeout = timeout;
    this.#store = store;
  }

  /** Makes the first attempt at once. Rejects with `ERR_STORE` when the database stays locked until the timeout. */
  async run<Answer>(attempt: () => Answer | Promise<Answer>): Promise<Answer> {
    let since: number | undefined;
    for (let milliseconds: number = PAUSE.first; ; milliseconds = Math.min(2 * milliseconds, PAUSE.last)) {
      try {
        // Awaiting a synchronous answer would cost an event-loop turn.
        const answer = attempt();
        return answer instanceof Promise ? await answer : answer;
      } catch (error) {
        if (!isBusy(error)) throw this.#explain(error);
        since ??= performance.now();
        if (performance.now() - since >= this.#timeout) {
          const message = `${this.#store}: the database was locked for ${this.#timeout} ms`;
          throw new SessionError("ERR_STORE", message, { cause: error });
        }
        // A random pause keeps the same processes from colliding again.
        await pause(milliseconds * (0.5 + Math.random()));
      }
    }
  }

  #explain(error: unknown): unknown {
    const found =
      error instanceof Error &&
      /no such table(?<later>: .*_(?:events|ends|audit|audit_head)\b)?|no such column|no column named/.exec(
        error.message,
      );
    if (!found) return error;
    // Earlier releases had no table of events, none of ends and none of the audit trail.
    const isMissing = found[0] === "no such table" && !found.groups?.later;
    const state = isMissing ? "missing" : "from an earlier release";
    return tableError(this.#store, state, error);
  }
}

/** Gives other work of this process a turn, and processes that wait for the file. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Whether the error is SQLITE_BUSY, one of its variants, or SQLITE_LOCKED. Each driver reports it differently. */
function isBusy(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, errcode, rawCode } = error as Readonly<Record<string, unknown>>;
  if (typeof code === "string" && /^SQLITE_(BUSY|LOCKED)/.test(code)) return true;
  // node:sqlite reports only the number, whose lower eight bits are the primary code. Deno's reports only the message.
  if ([errcode, rawCode].some((each) => typeof each === "number" && [5, 6].includes(each & 0xff)))
    return true;
  return error instanceof Error && /^database (table )?is locked/.test(error.message);
}
