import type { SessionRecord, Store } from "../../store.ts";
import type { Finding } from "../finding.ts";
import { formatCount, formatNumber } from "../wording.ts";
import { compareRecords, findDefects, findListDefect } from "./record-rules.ts";

/** How much is looked at. */
export interface VerifyPlan {
  /** The sessions of the scan. */
  readonly sessions: number;
  /** The users whose lists are read. */
  readonly users: number;
}

/** The inputs of a verification besides the store. */
export interface VerifyTools {
  readonly now: () => number;
  readonly progress: (text: string) => void;
  readonly signal: AbortSignal;
}

const STEP = 500;
/** The sessions of each step that are also read one by one. */
const SINGLE = 5;
/** The longest list that is read again in pages of this size. */
const SMALL_PAGE = 2;
const LONGEST_LIST = 200;
/** Attempts to read a list twice without a change in between. */
const ATTEMPTS = 5;
/** Examples of one defect. */
const EXAMPLES = 3;

/** Collects what one check looked at and what it found. */
class Check {
  readonly #name: string;
  readonly #promise: string;
  #looked = 0;
  #broken = 0;
  readonly #examples: string[] = [];

  /** `promise` says what holds if nothing was found. */
  constructor(name: string, promise: string) {
    this.#name = name;
    this.#promise = promise;
  }

  /** Notes that something was looked at, and a defect if it has one. */
  note(id: string, defects: readonly string[] | string | undefined): void {
    this.#looked++;
    const [first] = [defects ?? []].flat();
    if (first === undefined) return;
    this.#broken++;
    if (this.#examples.length < EXAMPLES) this.#examples.push(`${first} (${id})`);
  }

  toFinding(noun: string, fix: string): Finding {
    if (this.#broken === 0)
      return {
        status: "ok",
        name: this.#name,
        text: `${this.#promise} (${formatCount(this.#looked, noun)})`,
      };
    const more =
      this.#broken > this.#examples.length
        ? `, and ${formatNumber(this.#broken - this.#examples.length)} more`
        : "";
    return { status: "fail", name: this.#name, text: `${this.#examples.join("; ")}${more}`, fix };
  }
}

const REPORT =
  "Report it with the version of the store's engine. If another program writes the table, stop that program.";

/**
 * Runs through sessions and checks what the contract of stores says about reading. Writes nothing. On a live database sessions
 * begin, change and end meanwhile; only states that no operation leads to are reported.
 */
export async function* verifyStore(
  store: Store,
  plan: VerifyPlan,
  tools: VerifyTools,
): AsyncGenerator<Finding, void> {
  if (!store.scan) {
    yield {
      status: "warn",
      name: "scan",
      text: "The store cannot list the sessions of all users, so there is nothing to run through.",
    };
    return;
  }
  const countBefore = await store.count?.(tools.now());
  const scan = await scanAndCompare(store, plan, tools);
  yield* scan.findings;
  if (tools.signal.aborted) return;
  yield* await checkLists(store, scan.users, tools);
  const counted = await store.count?.(tools.now());
  if (counted && countBefore) yield judgeCount(scan.seen, scan.isComplete, countBefore.count, counted);
}

interface ScanOutcome {
  readonly findings: readonly Finding[];
  readonly seen: number;
  readonly isComplete: boolean;
  /** Some users with the ids that the scan returned. */
  readonly users: ReadonlyMap<string, readonly string[]>;
}

async function scanAndCompare(
  store: Store,
  plan: VerifyPlan,
  { now, progress, signal }: VerifyTools,
): Promise<ScanOutcome> {
  const records = new Check("records", "Every scanned record is a live session in the right form");
  const once = new Check("scan", "The scan returns each session once, with a valid cursor");
  const lookup = new Check("lookups", "Reading by id returns what the scan returned");
  const seen = new Set<string>();
  const users = new Map<string, string[]>();
  let repeated = 0;
  let cursor: string | undefined;
  do {
    const at = now();
    const limit = Math.min(STEP, plan.sessions - seen.size);
    const page = await store.scan?.({ now: at, limit, ...(cursor !== undefined && { cursor }) });
    if (!page) break;
    if (page.records.length > limit) once.note("step", `a step returned more than ${limit} records`);
    if (page.cursor !== undefined && !/^[!-~]{1,1024}$/.test(page.cursor))
      once.note("step", "a cursor is not 1 to 1024 printable characters");
    for (const record of page.records) {
      records.note(record.id, findDefects(record, at));
      if (seen.has(record.id)) repeated++;
      else once.note(record.id, undefined);
      seen.add(record.id);
      const ids = users.get(record.userKey);
      if (ids) ids.push(record.id);
      else if (users.size < plan.users) users.set(record.userKey, [record.id]);
    }
    await compareLookups(store, page.records, lookup);
    cursor = page.cursor;
    progress(`${formatNumber(seen.size)} sessions checked …`);
  } while (cursor !== undefined && seen.size < plan.sessions && !signal.aborted);
  const again: Finding = {
    status: "warn",
    name: "scan",
    text: `The scan returned ${formatCount(repeated, "session")} twice. Redis may do so while it resizes its tables; every other store must not.`,
  };
  return {
    findings: [
      records.toFinding("session", REPORT),
      repeated > 0 ? again : once.toFinding("session", REPORT),
      lookup.toFinding("session", REPORT),
    ],
    seen: seen.size,
    isComplete: cursor === undefined,
    users,
  };
}

async function compareLookups(store: Store, records: readonly SessionRecord[], lookup: Check): Promise<void> {
  const read = await store.fetchByIds(records.map(({ id }) => id));
  for (const [index, record] of records.entries())
    lookup.note(record.id, compareRecords(record, read[index]));
  if (read.length !== records.length)
    lookup.note("step", "fetchByIds returned another number of results than ids");
  for (const record of records.slice(0, SINGLE)) {
    const single = await store.fetchById(record.id);
    // A cache may be behind.
    if (!store.maxStaleness) lookup.note(record.id, compareRecords(record, single));
  }
}

async function checkLists(
  store: Store,
  users: ReadonlyMap<string, readonly string[]>,
  { now, progress, signal }: VerifyTools,
): Promise<readonly Finding[]> {
  const lists = new Check("lists", "Each session is in its user's list, newest first");
  const pages = new Check("pages", "Small pages of a list add up to the list");
  let done = 0;
  for (const [userKey, ids] of users) {
    if (signal.aborted) break;
    const at = now();
    const list = await readList(store, userKey, at, 1_000);
    const [first = ""] = ids;
    lists.note(first, findListDefect(userKey, list, at) ?? (await findMissing(store, list, ids, at)));
    if (list.length <= LONGEST_LIST) pages.note(first, await comparePages(store, userKey, now));
    progress(`${formatNumber(++done)} of ${formatCount(users.size, "user")} checked …`);
  }
  return [lists.toFinding("user", REPORT), pages.toFinding("user", REPORT)];
}

async function readList(
  store: Store,
  userKey: string,
  now: number,
  limit: number,
): Promise<readonly SessionRecord[]> {
  const list: SessionRecord[] = [];
  for (;;) {
    const before = list.at(-1);
    const page = await store.fetchByUserKey(userKey, { now, limit, ...(before && { before }) });
    list.push(...page);
    if (page.length < limit) return list;
  }
}

/** Returns the defect if the user's list lacks a session that is still live. */
async function findMissing(
  store: Store,
  list: readonly SessionRecord[],
  ids: readonly string[],
  now: number,
): Promise<string | undefined> {
  const missing = ids.filter((id) => !list.some((record) => record.id === id));
  const read = await store.fetchByIds(missing);
  const isLive = (record: SessionRecord | undefined) => record && !record.ended && record.expiresAt > now;
  return read.some(isLive) ? "a live session is missing in its user's list" : undefined;
}

/** Reads a list as a whole and in small pages, until nothing has changed in between. */
async function comparePages(store: Store, userKey: string, now: () => number): Promise<string | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const at = now();
    const [whole, paged, again] = [
      await readList(store, userKey, at, 1_000),
      await readList(store, userKey, at, SMALL_PAGE),
      await readList(store, userKey, at, 1_000),
    ].map((list) => list.map(({ id }) => id).join());
    if (whole === paged) return undefined;
    if (whole === again) return "small pages of a list do not add up to the list";
  }
  return undefined;
}

/** Judges the number of sessions that the store says it has, beside the number that a scan returned. */
export function judgeCount(
  seen: number,
  isComplete: boolean,
  before: number,
  { count, isExact }: { readonly count: number; readonly isExact: boolean },
): Finding {
  const name = "count";
  const said = `${isExact ? "" : "about "}${formatCount(count, "session")}`;
  // Sessions that began or ended meanwhile are in one of the numbers only.
  const least = Math.min(before, count);
  const most = Math.max(before, count);
  const change = most - least + Math.ceil(most / 1_000);
  const isTooLow = seen > most + change;
  const isTooHigh = isComplete && seen < least - change;
  if (isExact && (isTooLow || isTooHigh))
    return {
      status: "fail",
      name,
      text: `The store counts ${said}, and the scan ${isComplete ? "returned" : "has already returned"} ${formatNumber(seen)}.`,
      fix: REPORT,
    };
  const isFarOff = seen > 100 && (seen > most * 10 || (isComplete && most > seen * 10));
  if (!isExact && isFarOff)
    return {
      status: "warn",
      name,
      text: `The store estimates ${said}, and the scan returned ${formatNumber(seen)}.`,
      fix: "Let the engine refresh its statistics: ANALYZE in PostgreSQL, ANALYZE TABLE in MySQL.",
    };
  const scope = isComplete ? `, the scan returned ${formatNumber(seen)}` : "";
  return { status: "ok", name, text: `The store counts ${said}${scope}` };
}
