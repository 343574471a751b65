import { randomText } from "../cookie/token.ts";
import { parseDate } from "../options/parsers.ts";
import { checkUserKey } from "../options/user-key.ts";
import type { Store } from "../store.ts";
import { appendEntry, type TrailKeys, toTrailKeys } from "./chain.ts";
import type { AuditDraft, AuditEntry, AuditHead } from "./entry.ts";
import {
  type AuditQuery,
  type AuditTrailOptions,
  type EraseOptions,
  parseEraseOptions,
  parseQuery,
  parseTrailOptions,
  parseTrailVerifyOptions,
  type TrailVerifyOptions,
} from "./options.ts";
import { parseEntry } from "./parse-entry.ts";
import { toDraft } from "./rows.ts";
import type { StoredEntry, TrailRow, TrailStore } from "./trail-store.ts";
import { type AuditReport, Verifier } from "./verify.ts";

const ROWS_PER_STEP = 500;
const PSEUDONYM_LENGTH = 20;
/** Few enough not to delay other work. */
const DELETED_PER_STEP = 5_000;

/** The trail that a store writes. */
export interface AuditTrail {
  /** Returns entries, oldest first: a page of them. */
  read(query?: AuditQuery): Promise<readonly AuditEntry[]>;
  /** Iterates over all entries, oldest first. */
  readAll(): AsyncIterable<AuditEntry>;
  /** Iterates over all entries of a user, oldest first. */
  readUser(userKey: string): AsyncIterable<AuditEntry>;
  /**
   * Removes a user from the trail as far as `policy` demands. The chain stays valid, and an entry `erased` records it. Returns the
   * number of changed entries. Entries in which the user acted on the sessions of others still name the user as `actor`.
   */
  eraseUser(userKey: string, options: EraseOptions): Promise<number>;
  /** Verifies the whole chain, as `verifyEntries` does, and that each row agrees with its entry. */
  verify(options?: TrailVerifyOptions): Promise<AuditReport>;
  /** Returns the end of the chain, to be kept elsewhere. */
  head(): Promise<AuditHead>;
  /**
   * Deletes the entries before that moment. Returns their number. The chain stays valid: an entry `deleted` records the last
   * deleted one. An entry that is older than a kept one before it stays too.
   */
  deleteBefore(moment: Date): Promise<number>;
  /** Gives the rows that were written since the last time their place in the chain. Returns their number. */
  seal(): Promise<number>;
}

/**
 * Opens the trail of a store, for a job or a command. In a server, `auditLog` has it as `trail`, and seals it.
 *
 * Throws `TypeError` for invalid options, and for a store without the option `audit`.
 *
 * @example
 * ```ts
 * import pg from "pg";
 * import { auditTrail } from "sessionup/audit";
 * import { postgresAudit, postgresStore } from "sessionup/stores/postgres";
 *
 * const store = postgresStore(new pg.Pool(), { audit: postgresAudit() });
 * const trail = auditTrail(store, { keys: [process.env["AUDIT_KEY"] ?? ""] });
 * const { ok, problems } = await trail.verify();
 * if (!ok) console.error(problems);
 * ```
 */
export function auditTrail(store: Store, options: AuditTrailOptions = {}): AuditTrail {
  const { keys } = parseTrailOptions(options);
  if (!store?.audit)
    throw new TypeError(
      "auditTrail requires a store that writes a trail. Set the store's option audit, such as postgresStore(pool, { audit: postgresAudit() }).",
    );
  return new Trail(store.audit, toTrailKeys(keys), Date.now);
}

/** The trail over the rows of a store. @internal */
export class Trail implements AuditTrail {
  readonly store: TrailStore;
  readonly #keys: TrailKeys;
  readonly #clock: () => number;

  constructor(store: TrailStore, keys: TrailKeys, clock: () => number) {
    this.store = store;
    this.#keys = keys;
    this.#clock = clock;
  }

  async read(query: AuditQuery = {}): Promise<readonly AuditEntry[]> {
    const { userKey, from, before, after, limit } = parseQuery(query);
    if (userKey !== undefined) checkUserKey(userKey);
    await this.seal();
    const stored = await this.store.read({
      limit,
      ...(userKey !== undefined && { userKey }),
      ...(from !== undefined && { from }),
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
    });
    return stored.flatMap(({ text }) => parseEntry(text) ?? []);
  }

  async *readAll(): AsyncGenerator<AuditEntry, void> {
    await this.seal();
    for await (const { text } of this.#rows({})) {
      const entry = parseEntry(text);
      if (entry) yield entry;
    }
  }

  async *readUser(userKey: string): AsyncGenerator<AuditEntry, void> {
    checkUserKey(userKey);
    await this.seal();
    for await (const { text } of this.#rows({ userKey })) {
      const entry = parseEntry(text);
      if (entry) yield entry;
    }
  }

  async eraseUser(userKey: string, options: EraseOptions): Promise<number> {
    checkUserKey(userKey);
    const { policy } = parseEraseOptions(options);
    if (policy === "keep") return 0;
    const pseudonym = policy === "pseudonymize" ? randomText(PSEUDONYM_LENGTH) : undefined;
    const named = pseudonym !== undefined && { pseudonym };
    let count = 0;
    // Rows without a place in the chain get one first. Each step takes the user's next entries.
    for (;;) {
      await this.seal();
      const stored = await this.store.read({ userKey, limit: ROWS_PER_STEP });
      if (stored.length === 0) return count;
      const erased = stored.map((row) => eraseRow(row, pseudonym));
      const details = { entries: stored.map(({ seq }) => seq), policy, ...named };
      await this.store.replace(erased, toRow({ kind: "erased", at: this.#clock(), by: "system", details }));
      count += stored.length;
      await this.seal();
    }
  }

  async verify(options: TrailVerifyOptions = {}): Promise<AuditReport> {
    const { head } = parseTrailVerifyOptions(options);
    await this.seal();
    const { sent: _, ...end } = await this.store.readState();
    const verifier = new Verifier(this.#keys, head ? [head, end] : [end]);
    for await (const { seq, at, userKey, text } of this.#rows({})) {
      const entry = parseEntry(text);
      // The columns of a row only serve to find it. An attacker who changes them hides the entry from a search.
      const isGenuine = entry?.seq === seq && entry.at === at && entry.subject?.userKey === userKey;
      if (isGenuine) verifier.read(entry);
      else verifier.reject(seq, entry);
    }
    return verifier.finish();
  }

  async head(): Promise<AuditHead> {
    await this.seal();
    const { chain, seq, hash } = await this.store.readState();
    return { chain, seq, hash };
  }

  async deleteBefore(moment: Date): Promise<number> {
    const at = parseDate(moment, "deleteBefore");
    await this.seal();
    const { seq: end } = await this.store.readState();
    const last = ((await this.store.findFirst(at)) ?? end + 1) - 1;
    for (let count = 0; ; ) {
      const [first] = await this.store.read({ limit: 1 });
      if (!first || first.seq > last) return count;
      const upTo = Math.min(last, first.seq + DELETED_PER_STEP - 1);
      const [row] = await this.store.read({ after: upTo - 1, limit: 1 });
      const entry = row && parseEntry(row.text);
      if (entry?.seq !== upTo)
        throw new Error(`sessionup: entry ${upTo} of the audit trail is damaged. Verify the trail.`);
      const details = { upTo: { chain: entry.chain, seq: upTo, hash: entry.hash } };
      count += await this.store.deleteUpTo(
        upTo,
        toRow({ kind: "deleted", at: this.#clock(), by: "system", details }),
      );
      await this.seal();
    }
  }

  async seal(): Promise<number> {
    let count = 0;
    for (;;) {
      const { sent: _, ...from } = await this.store.readState();
      const rows = await this.store.readPending(ROWS_PER_STEP);
      if (rows.length === 0) return count;
      let head: AuditHead = from;
      const entries = rows.map((row): StoredEntry => {
        const entry = appendEntry(head, toDraft(row), this.#keys);
        head = entry;
        return toStored(entry);
      });
      const { chain, seq, hash } = head;
      const numbers = rows.map(({ number }) => number);
      // Another process may have sealed meanwhile. Then the rows are read again.
      if (await this.store.seal(from, numbers, entries, { chain, seq, hash })) count += rows.length;
    }
  }

  async *#rows(filter: { readonly userKey?: string }): AsyncGenerator<StoredEntry, void> {
    let after = 0;
    for (;;) {
      const rows = await this.store.read({ ...filter, after, limit: ROWS_PER_STEP });
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < ROWS_PER_STEP) return;
      after = last.seq;
    }
  }
}

/** Returns a row for an entry that belongs to no step of the store. @internal */
export function toRow(draft: AuditDraft): TrailRow {
  const userKey = draft.subject?.userKey;
  return {
    at: draft.at,
    kind: "entry",
    ...(userKey !== undefined && { userKey }),
    note: JSON.stringify(draft),
  };
}

function toStored(entry: AuditEntry): StoredEntry {
  const { seq, at, subject } = entry;
  return {
    seq,
    at,
    ...(subject?.userKey !== undefined && { userKey: subject.userKey }),
    text: JSON.stringify(entry),
  };
}

function eraseRow({ seq, at, text }: StoredEntry, pseudonym: string | undefined): StoredEntry {
  const entry = parseEntry(text);
  const { subject: _, ...rest } = entry ?? {};
  const { v, chain, previous, hash } = rest as AuditEntry;
  const kept = pseudonym === undefined ? { v, chain, seq, at, previous, hash } : { ...rest, pseudonym };
  // A row that is no entry any more stays as it is, for `verify` to find.
  return { seq, at, text: entry ? JSON.stringify(kept) : text };
}
