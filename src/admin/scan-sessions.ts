import { getLifecycle, type Lifecycle } from "../lifecycle/lifecycle.ts";
import { toSessions } from "../lifecycle/session-view.ts";
import type { Manager } from "../manager.ts";
import { type Parser, parseOptions, parsePositiveInteger } from "../options/parsers.ts";
import type { Session } from "../session.ts";
import type { ScanFilter, SessionCount, SessionRecord, Store, TimeRange } from "../store.ts";
import { findMatch, type ParsedFilter, parseFilter, type SessionFilter, toScanFilter } from "./filter.ts";

/** Which sessions to find, and where to continue. */
export interface ScanOptions {
  /** Default: every session. */
  readonly filter?: SessionFilter;
  /** The largest number of sessions. Default 100. */
  readonly limit?: number;
  /** The `cursor` of the previous page. */
  readonly cursor?: string;
}

/** One page of a scan. */
export interface ScannedPage<Out> {
  /** May be fewer than the limit, and even none, although more follow. */
  readonly sessions: readonly Session<Out>[];
  /** Continues the scan. Absent at its end. */
  readonly cursor?: string;
}

/** The steps of the store within one call: a rare match must not keep a request waiting for a whole scan. */
const MAX_STEPS = 100;
/** The records that a scan of everything reads at a time. */
const SCAN_PAGE = 1_000;

const parseCursor: Parser<string> = (value, name) => {
  if (typeof value === "string" && /^[!-~]{1,1024}$/.test(value)) return value;
  throw new TypeError(`${name} must be the cursor of the previous page.`);
};

const SCAN = {
  filter: { parse: (value: unknown) => parseFilter(value as SessionFilter), default: {} },
  limit: { parse: parsePositiveInteger, default: 100 },
  cursor: { parse: parseCursor },
} as const;

/**
 * Finds live sessions of all users, page by page: for admin pages. Pages are in the store's order, newest first where it has that
 * order. A scan is no snapshot, but a session that lives throughout is on one of the pages. (Redis may repeat one.)
 *
 * Throws `TypeError` for invalid options and when the store has no `scan`, `ERR_STORE` when the store fails.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { scanSessions } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const filter = { ip: "203.0.113.0/24", createdAt: { from: new Date("2026-01-31") } };
 * const { sessions, cursor } = await scanSessions(manager, { filter, limit: 50 });
 * console.log(sessions.map(({ userKey, agent }) => [userKey, agent?.browser]), cursor);
 * ```
 */
export async function scanSessions<In, Out extends In>(
  manager: Manager<In, Out>,
  options: ScanOptions = {},
): Promise<ScannedPage<Out>> {
  const lifecycle = getLifecycle(manager);
  const { filter, limit, cursor: first } = parseOptions(options, SCAN, "scanSessions");
  const scan = requireScan(lifecycle, "scanSessions");
  const sessions: Session<Out>[] = [];
  let cursor = first;
  for (let step = 0; step < MAX_STEPS && sessions.length < limit; step++) {
    const page = await scan(toScanFilter(filter), limit - sessions.length, cursor);
    const now = lifecycle.options.clock();
    const found = page.records.filter((record) => findMatch(filter, record, now, lifecycle.options));
    sessions.push(...(await toSessions(lifecycle, found)));
    cursor = page.cursor;
    if (cursor === undefined) break;
  }
  return { sessions, ...(cursor !== undefined && { cursor }) };
}

/**
 * Returns the number of live sessions of all users, claims left out. Stores estimate where counting is dear, and `isExact` says
 * so. A store without `count` is scanned.
 *
 * Throws `TypeError` when the store has neither `count` nor `scan`, `ERR_STORE` when the store fails.
 */
export async function countSessions<In, Out extends In>(manager: Manager<In, Out>): Promise<SessionCount> {
  const lifecycle = getLifecycle(manager);
  const { repository, options } = lifecycle;
  const counted = await repository.ask(async () => repository.store.count?.(options.clock()));
  if (counted) return counted;
  let count = 0;
  for await (const records of scanRecords(lifecycle, "countSessions")) count += records.length;
  return { count, isExact: true };
}

/** The conditions of a scan besides the filter. */
interface Wanted {
  /** Looks for tombstones instead of live sessions. */
  readonly ended?: TimeRange;
  /** The moment at which sessions must be live. Default: now. */
  readonly now?: number;
}

/** Yields the records that match a filter, step by step. @internal */
export async function* scanRecords(
  lifecycle: Lifecycle,
  method: string,
  filter: ParsedFilter = parseFilter({}),
  { ended, now }: Wanted = {},
): AsyncGenerator<readonly SessionRecord[], void> {
  const { options } = lifecycle;
  const scan = requireScan(lifecycle, method);
  const wanted = { ...toScanFilter(filter), ...(ended && { ended }) };
  let cursor: string | undefined;
  do {
    const page = await scan(wanted, SCAN_PAGE, cursor, now);
    const at = options.clock();
    yield page.records.filter((record) => findMatch(filter, record, at, options, ended));
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Returns the store's scan. Throws `TypeError` if it has none. */
function requireScan({ repository, options }: Lifecycle, method: string) {
  const { store } = repository;
  if (!store.scan) throw new TypeError(`${method} requires a store with scan, such as postgresStore().`);
  const scan: NonNullable<Store["scan"]> = store.scan.bind(store);
  return async (filter: ScanFilter, limit: number, cursor?: string, now: number = options.clock()) => {
    // A store in memory answers within the same turn of the event loop. Other work gets its turn between the steps.
    if (cursor !== undefined) await new Promise((resolve) => setTimeout(resolve));
    try {
      return await scan({ now, limit, filter, ...(cursor !== undefined && { cursor }) });
    } catch (cause) {
      // The cursor is the caller's mistake, not an outage.
      if (cursor !== undefined && cause instanceof TypeError) throw cause;
      throw repository.toStoreError(cause);
    }
  };
}
