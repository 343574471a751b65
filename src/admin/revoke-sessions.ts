import { getLifecycle, type Lifecycle } from "../lifecycle/lifecycle.ts";
import { traceOperation } from "../lifecycle/trace.ts";
import type { Manager } from "../manager.ts";
import { BY, type ByOptions } from "../options/by.ts";
import { aFunction, parseDate, parseOptions } from "../options/parsers.ts";
import type { Actor, SessionRecord } from "../store.ts";
import { hasCondition, parseFilter, type SessionFilter } from "./filter.ts";
import { scanRecords } from "./scan-sessions.ts";

/** The options of `revokeWhere`. */
export interface RevokeWhereOptions extends ByOptions {
  /** Called after each step with the number of sessions that have ended so far. */
  readonly onProgress?: (ended: number) => void;
}

/** Sessions that end at the same time. More would not be faster, and would delay the app's own queries. */
const AT_ONCE = 16;

const REVOKE_WHERE = { ...BY, onProgress: { parse: aFunction<(ended: number) => void>() } } as const;

/**
 * Ends the live sessions of all users that match a filter, and returns their number. Look at them with `scanSessions` first. It
 * takes many steps: a session that begins meanwhile may be left.
 *
 * Throws `TypeError` for an invalid filter, for one without a condition, which would end every session, and when the store has no
 * `scan`. Throws `ERR_STORE` when the store fails; what has ended until then stays so.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { revokeWhere } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const stolen = { provider: "https://login.example.com", createdAt: { before: new Date("2026-01-31") } };
 * console.log(await revokeWhere(manager, stolen, { by: { kind: "admin", id: "grace" } }));
 * ```
 */
export async function revokeWhere<In, Out extends In>(
  manager: Manager<In, Out>,
  filter: SessionFilter,
  options: RevokeWhereOptions = {},
): Promise<number> {
  const lifecycle = getLifecycle(manager);
  const parsed = parseFilter(filter);
  const { by, onProgress } = parseOptions(options, REVOKE_WHERE, "revokeWhere");
  if (!hasCondition(parsed))
    throw new TypeError(
      "filter must have a condition. To end every session, call revokeAllBefore(manager, new Date()).",
    );
  return traceOperation(lifecycle, "revokeWhere", async () => {
    let ended = 0;
    for await (const records of scanRecords(lifecycle, "revokeWhere", parsed)) {
      ended += await endAll(lifecycle, records, by);
      if (records.length > 0) onProgress?.(ended);
    }
    return ended;
  });
}

/**
 * Ends the sessions of all users that began before a moment, whichever manager of the store created them. Returns their number. It
 * takes many steps, so set `manager.notBefore` first, which applies at once.
 *
 * Throws `TypeError` for an invalid date, and when the store has neither `deleteCreatedBefore` nor `scan`. In that case leave
 * `notBefore` set until the last of the sessions would have expired.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { revokeAllBefore } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const breach = new Date("2026-01-31T12:00:00Z");
 * manager.notBefore = breach; // in every process
 * console.log(await revokeAllBefore(manager, breach)); // once
 * ```
 */
export async function revokeAllBefore<In, Out extends In>(
  manager: Manager<In, Out>,
  moment: Date,
  options: ByOptions = {},
): Promise<number> {
  const lifecycle = getLifecycle(manager);
  const before = parseDate(moment, "revokeAllBefore");
  const { by } = parseOptions(options, BY, "revokeAllBefore");
  return traceOperation(lifecycle, "revokeAllBefore", () => endAllBefore(lifecycle, before, by));
}

async function endAllBefore(lifecycle: Lifecycle, before: number, by: Actor | undefined): Promise<number> {
  const { repository } = lifecycle;
  const { store } = repository;
  let ended = 0;
  if (store.deleteCreatedBefore) {
    try {
      for await (const ids of store.deleteCreatedBefore(before, repository.toEnd("revoked", by))) {
        ended += ids.length;
        repository.emitEnded(ids, undefined, "revoked", by);
      }
      return ended;
    } catch (cause) {
      throw repository.toStoreError(cause);
    }
  }
  // Expired sessions end too: the clock of this process may be ahead of the others'.
  const filter = parseFilter({ createdAt: { before: new Date(before) } });
  for await (const records of scanRecords(lifecycle, "revokeAllBefore", filter, { now: 0 }))
    ended += await endAll(lifecycle, records, by);
  return ended;
}

/** Ends sessions, a few at a time. Returns the number of those that had not ended before. */
async function endAll(
  { repository }: Lifecycle,
  records: readonly SessionRecord[],
  by: Actor | undefined,
): Promise<number> {
  let ended = 0;
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const outcomes = records
      .slice(from, from + AT_ONCE)
      .map(({ id, userKey }) => repository.endById(id, "revoked", userKey, by));
    ended += (await Promise.all(outcomes)).filter((outcome) => outcome === "deleted").length;
  }
  return ended;
}
