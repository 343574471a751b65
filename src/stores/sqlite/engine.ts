import { SessionError } from "../../errors.ts";
import type { Row } from "../shared/rows.ts";

/** What goes into a statement. */
export type Value = string | number | Uint8Array | null;

/** A statement that answers with rows, and what goes into it, in its order: `?` alone is understood by all drivers. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** A database that speaks SQLite's SQL, however it is reached. */
export interface Engine {
  /** How many sessions of a user end in one step; more end in several, so that nothing waits for long. */
  readonly most: number;
  /** The rows of one statement that changes nothing. */
  read<Of = Row>(statement: Statement): Promise<readonly Of[]>;
  /** The rows of each statement; all of them are carried out or none, as one transaction. */
  write(statements: readonly Statement[]): Promise<ReadonlyArray<readonly Row[]>>;
  /** Statements without values or rows, in one transaction: tables are made of these. */
  define(statements: readonly string[]): Promise<void>;
  /** Lets readers and a writer work side by side, where there is a file. */
  logAhead?(): Promise<void>;
}

/** How many an engine whose work holds up everything else may end in one step: that takes some milliseconds. */
export const ENDED_AT_ONCE = 1_000;

export const LOG_AHEAD = "PRAGMA journal_mode = WAL";

/** Between two tries, in milliseconds: from the first, doubled each time up to the last. */
const PAUSE = { first: 1, last: 8 } as const;

/** Tries again while another connection holds the file's lock, and lets the event loop go on meanwhile. */
export class Patience {
  readonly #milliseconds: number;
  readonly #store: string;

  constructor(milliseconds: number, store: string) {
    this.#milliseconds = milliseconds;
    this.#store = store;
  }

  /** The first try is made at once. `ERR_STORE` (503) when the file is locked for longer than it is patient. */
  async lockFree<Answer>(attempt: () => Answer | Promise<Answer>): Promise<Answer> {
    let since: number | undefined;
    for (let pause: number = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.last)) {
      try {
        // A synchronous answer needs no turn of its own.
        const answer = attempt();
        return answer instanceof Promise ? await answer : answer;
      } catch (error) {
        if (!isBusy(error)) throw this.#explained(error);
        since ??= performance.now();
        if (performance.now() - since >= this.#milliseconds) {
          const message = `${this.#store}: the database was locked for ${this.#milliseconds} ms`;
          throw new SessionError("ERR_STORE", message, { cause: error });
        }
        // Processes that have met at the lock must not meet there again and again.
        await pauseOf(pause * (0.5 + Math.random()));
      }
    }
  }

  #explained(error: unknown): unknown {
    const found =
      error instanceof Error && /no such table|no such column|no column named/.exec(error.message);
    if (!found) return error;
    const state = found[0] === "no such table" ? "missing" : "of an earlier release";
    const message = `${this.#store}: the table is ${state}; call the store's migrate() once, before it is used`;
    return new SessionError("ERR_STORE", message, { cause: error });
  }
}

/** Lets others have their turn: of this process, and of those that wait for the file. */
export function pauseOf(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** SQLITE_BUSY and its kin, and SQLITE_LOCKED: each driver says it in its own way. */
function isBusy(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { code, errcode, rawCode } = error as Readonly<Record<string, unknown>>;
  if (typeof code === "string" && /^SQLITE_(BUSY|LOCKED)/.test(code)) return true;
  // node:sqlite has the number alone; the lower eight bits are the kind. That of Deno has SQLite's words alone.
  if ([errcode, rawCode].some((each) => typeof each === "number" && [5, 6].includes(each & 0xff)))
    return true;
  return error instanceof Error && /^database (table )?is locked/.test(error.message);
}
