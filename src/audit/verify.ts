import { commitTo, hashEntry, type TrailKeys, toTrailKeys } from "./chain.ts";
import type { AuditEntry, AuditHead } from "./entry.ts";
import { parseVerifyOptions, type VerifyOptions } from "./options.ts";

/** A line of a file that is not an entry. */
export interface UnreadableLine {
  /** From 1. */
  readonly line: number;
  readonly unreadable: true;
}

/**
 * A sign of tampering or of lost entries:
 *
 * - `missing`: entries before this one are missing.
 * - `order`: the entry stands behind a later one, or a number occurs twice.
 * - `unlinked`: the entry does not follow the one before it.
 * - `edited`: the entry or its personal part was changed.
 * - `unkeyed`: the entry was made without a key, or with a key that was not given.
 * - `erased`: the personal part is gone and no entry `erased` says so.
 * - `truncated`: the chain ends before a head that was remembered.
 * - `unreadable`: a line is not an entry.
 */
export type AuditFlaw =
  | "missing"
  | "order"
  | "unlinked"
  | "edited"
  | "unkeyed"
  | "erased"
  | "truncated"
  | "unreadable";

/** One sign of tampering or loss. */
export interface AuditProblem {
  readonly problem: AuditFlaw;
  readonly chain?: string;
  /** The number of the entry, or of the line. */
  readonly seq: number;
  /** The problem in a sentence. */
  readonly text: string;
}

/** The result of a verification. */
export interface AuditReport {
  /** Whether there is no problem. */
  readonly ok: boolean;
  /** The number of entries that were read. */
  readonly entries: number;
  /** The last entry of each chain. Keep it elsewhere, and pass it to a later verification. */
  readonly heads: readonly AuditHead[];
  /** Entries that chains say they follow, and that are not among the entries: those of earlier files. */
  readonly follows: readonly AuditHead[];
  /** At most 1 000. */
  readonly problems: readonly AuditProblem[];
}

const MAX_PROBLEMS = 1_000;
/** A sink writes at most half as many entries at once, so these include those that it may write again. */
const MAX_RECENT = 1_000;

/**
 * Verifies entries: hashes, numbers and links of each chain, and that erasures and deletions were recorded. Reads entries of
 * several chains, in any mixture, in the order in which they were written. An entry that occurs twice in a row counts once: a
 * sink may write again what it could not confirm.
 *
 * Two things prove that entries are missing at the end of a chain: a head that was kept elsewhere, and a later chain that names
 * the entry that it follows. An attacker who can write the trail can compute it anew, unless it has keys.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { readEntries, verifyEntries } from "sessionup/audit";
 *
 * const { ok, problems } = await verifyEntries(readEntries("/var/log/app/audit.jsonl"));
 * if (!ok) console.error(problems);
 * ```
 */
export async function verifyEntries(
  entries: Iterable<AuditEntry | UnreadableLine> | AsyncIterable<AuditEntry | UnreadableLine>,
  options: VerifyOptions = {},
): Promise<AuditReport> {
  const { keys, heads } = parseVerifyOptions(options);
  const verifier = new Verifier(toTrailKeys(keys), heads);
  for await (const entry of entries) verifier.read(entry);
  return verifier.finish();
}

/** The state of one chain, as far as it was read. */
interface ChainState {
  last: AuditHead;
  /** The first entry that was read, unless it is the first of the chain. */
  readonly first: AuditEntry | undefined;
  /** The entries whose personal part is missing, until an entry says why. */
  readonly erased: Map<number, AuditEntry>;
  /** The places up to which entries were deleted, as entries of the chain say. */
  readonly deleted: AuditHead[];
  /** The hashes of the latest entries. */
  readonly recent: Map<number, string>;
}

/** Verifies entries one by one. @internal */
export class Verifier {
  readonly #keys: TrailKeys;
  readonly #wanted: Array<AuditHead & { readonly of: "remembered" | "followed" }>;
  readonly #chains = new Map<string, ChainState>();
  readonly #problems: AuditProblem[] = [];
  /** The hashes of the entries that remembered heads name. */
  readonly #found = new Map<string, string>();
  #count = 0;
  #isOk = true;

  constructor(keys: TrailKeys, heads: readonly AuditHead[]) {
    this.#keys = keys;
    // The head of a chain without entries has the number 0, and proves nothing.
    const proving = heads.filter(({ seq }) => seq !== 0);
    this.#wanted = proving.map(({ chain, seq, hash }) => ({ chain, seq, hash, of: "remembered" }));
    for (const head of proving) this.#found.set(toName(head), "");
  }

  read(entry: AuditEntry | UnreadableLine): void {
    if ("unreadable" in entry) {
      const text = `Line ${entry.line} is not an entry. A crash of the machine can leave such a line.`;
      this.#report({ problem: "unreadable", seq: entry.line, text });
      return;
    }
    this.#count++;
    const known = this.#chains.get(entry.chain);
    const { seq, hash } = entry;
    if (known?.recent.get(seq) === hash) return;
    if (known) this.#checkPlace(known.last, entry);
    const state = known ?? {
      last: entry,
      first: seq === 1 && entry.previous === "" ? undefined : entry,
      erased: new Map(),
      deleted: [],
      recent: new Map(),
    };
    this.#chains.set(entry.chain, state);
    this.#checkContent(entry, state);
    if (!known || seq > state.last.seq) state.last = { chain: entry.chain, seq, hash };
    state.recent.set(seq, hash);
    for (const [oldest] of state.recent) {
      if (state.recent.size <= MAX_RECENT) break;
      state.recent.delete(oldest);
    }
    const name = toName(entry);
    if (this.#found.has(name)) this.#found.set(name, hash);
  }

  /** Reports an entry that its row contradicts. */
  reject(seq: number, entry: AuditEntry | undefined): void {
    if (entry?.seq === seq) this.read(entry);
    this.#report({ problem: "edited", seq, text: `The row of entry ${seq} was changed.` });
  }

  finish(): AuditReport {
    for (const [chain, state] of this.#chains) {
      this.#checkBeginning(chain, state);
      for (const seq of state.erased.keys()) {
        const text = `The personal part of entry ${seq} is gone, and no entry records its erasure.`;
        this.#report({ problem: "erased", chain, seq, text });
      }
    }
    const follows: AuditHead[] = [];
    for (const { of, ...head } of this.#wanted) {
      const state = this.#chains.get(head.chain);
      if (!state && of === "followed") follows.push(head);
      else this.#checkHead(head, state, of === "remembered");
    }
    const heads = [...this.#chains.values()].map(({ last }) => last);
    return { ok: this.#isOk, entries: this.#count, heads, follows, problems: this.#problems };
  }

  /** Checks that the entries before the first one that was read were deleted by an operation of the trail. */
  #checkBeginning(chain: string, { first, deleted }: ChainState): void {
    if (!first || deleted.some(({ seq, hash }) => seq + 1 === first.seq && hash === first.previous)) return;
    const text = `The entries before ${first.seq} are missing.`;
    this.#report({ problem: "missing", chain, seq: first.seq, text });
  }

  /** Checks that a chain reaches a head, and that a remembered head is still there or was deleted. */
  #checkHead(head: AuditHead, state: ChainState | undefined, isRemembered: boolean): void {
    const { chain, seq, hash } = head;
    if (!state || state.last.seq < seq)
      this.#report({ problem: "truncated", chain, seq, text: `The chain ends before entry ${seq}.` });
    else if (
      isRemembered &&
      !state.deleted.some((each) => each.seq >= seq) &&
      this.#found.get(toName(head)) !== hash
    )
      this.#report({
        problem: "edited",
        chain,
        seq,
        text: `Entry ${seq} is not the one that was remembered.`,
      });
  }

  #checkPlace(last: AuditHead, { chain, seq, previous }: AuditEntry): void {
    if (seq <= last.seq)
      this.#report({ problem: "order", chain, seq, text: `Entry ${seq} stands behind entry ${last.seq}.` });
    else if (seq > last.seq + 1) {
      const gap =
        seq === last.seq + 2 ? `Entry ${seq - 1} is` : `The entries ${last.seq + 1} to ${seq - 1} are`;
      this.#report({ problem: "missing", chain, seq, text: `${gap} missing.` });
    } else if (previous !== last.hash)
      this.#report({
        problem: "unlinked",
        chain,
        seq,
        text: `Entry ${seq} does not follow the entry before it.`,
      });
  }

  #checkContent(entry: AuditEntry, state: ChainState): void {
    const { chain, seq, subject, commitment, keyId } = entry;
    // An entry that was deleted as a whole. Its erasure must be recorded.
    if (entry.kind === undefined) {
      state.erased.set(seq, entry);
      return;
    }
    const key = keyId === undefined ? undefined : this.#keys.byId.get(keyId);
    if (keyId === undefined ? this.#keys.first !== undefined : !key) {
      this.#report({ problem: "unkeyed", chain, seq, text: `No key that was given has made entry ${seq}.` });
    } else if (hashEntry(entry, key) !== entry.hash || (subject && commitTo(subject) !== commitment)) {
      this.#report({ problem: "edited", chain, seq, text: `Entry ${seq} was changed.` });
    } else this.#learn(entry, state);
    if (commitment !== undefined && !subject) state.erased.set(seq, entry);
  }

  /** Reads the facts about the trail in a genuine entry. */
  #learn(entry: AuditEntry, state: ChainState): void {
    const { kind, details } = entry;
    if (kind === "opened") this.#learnOpening(details as unknown as { readonly follows?: AuditHead });
    else if (kind === "deleted")
      state.deleted.push((details as unknown as { readonly upTo: AuditHead }).upTo);
    else if (kind === "erased") this.#learnErasure(entry, state);
  }

  /** Reads which entry of another chain a chain follows. */
  #learnOpening({ follows }: { readonly follows?: AuditHead }): void {
    const known = follows && this.#chains.get(follows.chain);
    if (!follows || (known && known.last.seq > follows.seq)) return;
    const { chain, seq, hash } = follows;
    if (known?.last.seq !== seq) this.#wanted.push({ ...follows, of: "followed" });
    else if (known.last.hash !== hash)
      this.#report({
        problem: "edited",
        chain,
        seq,
        text: `Entry ${seq} is not the one that a later chain follows.`,
      });
  }

  /** Reads which entries were erased, and compares their pseudonym. */
  #learnErasure({ details, seq: by, chain }: AuditEntry, state: ChainState): void {
    const { entries, pseudonym } = details as {
      readonly entries: readonly number[];
      readonly pseudonym?: string;
    };
    for (const seq of entries) {
      const erased = state.erased.get(seq);
      const text = `The pseudonym in entry ${seq} is not that of entry ${by}.`;
      if (erased && erased.pseudonym !== pseudonym) this.#report({ problem: "edited", chain, seq, text });
      state.erased.delete(seq);
    }
  }

  #report(problem: AuditProblem): void {
    this.#isOk = false;
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(problem);
  }
}

function toName({ chain, seq }: AuditHead): string {
  return `${chain} ${seq}`;
}
