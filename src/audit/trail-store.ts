import type { AuditHead } from "./entry.ts";

/** A row that has no place in the chain yet. */
export interface TrailRow {
  readonly at: number;
  /** `begun`, `ended`, a change such as `elevated 2`, or `entry`: then `note` is the JSON of all that the entry says. */
  readonly kind: string;
  /** The id of the session. Absent in an `entry`. */
  readonly id?: string;
  readonly userKey?: string;
  readonly reason?: string;
  /** JSON: the client of a session that began with `by` if it was not the user, or the party that ended it. */
  readonly note?: string;
}

/** A row with the number by which the store finds it again. */
export interface PendingRow extends TrailRow {
  readonly number: number;
}

/** An entry of the chain, as a store keeps it. */
export interface StoredEntry {
  readonly seq: number;
  readonly at: number;
  /** Absent if the entry belongs to no user, or if the user was erased. */
  readonly userKey?: string;
  /** The JSON of the entry. */
  readonly text: string;
}

/** The end of the chain, and how much of the chain the sinks have. */
export interface TrailState extends AuditHead {
  /** The number of the last entry that the sinks have. */
  readonly sent: number;
}

/** One page of the chain, oldest entry first. */
export interface TrailPage {
  readonly userKey?: string;
  readonly from?: number;
  readonly before?: number;
  readonly after?: number;
  readonly limit: number;
}

/**
 * The trail of a store: a table into which each step that begins, changes or ends sessions also writes a row, in the same
 * transaction. Rows get their place in the chain later, in order, because two logins would otherwise have to wait for one
 * another. Each method is one atomic step.
 */
export interface TrailStore {
  /** Adds rows that belong to no step of the store. */
  add(rows: readonly TrailRow[]): Promise<void>;
  readState(): Promise<TrailState>;
  /**
   * Makes a process the only one that seals, until that moment. Returns false if another one is, whose time is not over yet. A
   * time more than a day ahead comes from a wrong clock, and counts as over.
   */
  claim(owner: string, now: number, until: number): Promise<boolean>;
  /** Returns rows that have no place in the chain yet, oldest first. */
  readPending(limit: number): Promise<readonly PendingRow[]>;
  /**
   * Gives rows their place in the chain: `entries` belong to the rows with `numbers`, in order. Changes nothing and returns false
   * if `from` is not the end of the chain any more.
   */
  seal(
    from: AuditHead,
    numbers: readonly number[],
    entries: readonly StoredEntry[],
    to: AuditHead,
  ): Promise<boolean>;
  read(page: TrailPage): Promise<readonly StoredEntry[]>;
  /** Replaces entries of the chain, and adds a row, in one step. */
  replace(entries: readonly StoredEntry[], row: TrailRow): Promise<void>;
  /** Returns the number of the first entry that is not older than that moment. */
  findFirst(at: number): Promise<number | undefined>;
  /** Deletes the entries up to that number, and adds a row, in one step. Returns the number of entries. */
  deleteUpTo(seq: number, row: TrailRow): Promise<number>;
  /** Stores the number of the last entry that the sinks have. */
  markSent(seq: number): Promise<void>;
}
