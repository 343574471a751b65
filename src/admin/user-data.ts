import { getLifecycle } from "../lifecycle/lifecycle.ts";
import type { Manager } from "../manager.ts";
import { BY, type ByOptions } from "../options/by.ts";
import { invalidOption, oneOf, type Parser, parseDate, parseOptions } from "../options/parsers.ts";
import { checkUserKey } from "../options/user-key.ts";
import { type RecordData, readRecordData } from "../rules/record.ts";
import { computeLevel } from "../rules/step-up.ts";
import type { SessionKind } from "../session.ts";
import type { EndReason, Json, SessionRecord } from "../store.ts";
import { parseFilter } from "./filter.ts";
import { scanRecords } from "./scan-sessions.ts";

/** The part of an audit trail that knows about one user: the trail of `auditLog` of `sessionup/audit`. */
export interface UserTrail {
  readUser(userKey: string): AsyncIterable<object>;
  /** Returns the number of changed entries. */
  eraseUser(userKey: string, options: { readonly policy: "pseudonymize" | "delete" }): Promise<number>;
}

/** The options of `exportUser`. */
export interface ExportUserOptions {
  /** Also exports the user's entries of this audit trail. Default: none. */
  readonly trail?: UserTrail;
}

/** The options of `eraseUser`. */
export interface EraseUserOptions extends ByOptions {
  /** Also erases the user from this audit trail. Default: the trail keeps its entries. */
  readonly trail?: UserTrail;
  /**
   * What happens to the user's entries of the trail: they lose what names the user (`pseudonymize`), or their content
   * (`delete`). The trail's chain stays valid. Default `"pseudonymize"`.
   */
  readonly trailPolicy?: "pseudonymize" | "delete";
}

/** A session in an export. Times are ISO 8601. It has no secret and no hash of one. */
export interface ExportedSession {
  readonly id: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly authenticatedAt: string;
  readonly level: number;
  readonly kind: SessionKind;
  readonly deviceName?: string;
  readonly ip?: string;
  readonly agent?: Json;
  readonly geo?: Json;
  readonly provider?: Json;
  readonly meta?: Json;
  /** Set if only the end of the session is still remembered. */
  readonly ended?: { readonly at: string; readonly reason: EndReason };
}

/** The data that a store has about one user. */
export interface UserExport {
  readonly userKey: string;
  readonly exportedAt: string;
  /** Live sessions, newest first, then the ended ones that the store remembers. */
  readonly sessions: readonly ExportedSession[];
  /** Entries of the audit trail, oldest first. Only with `trail`. */
  readonly trail?: readonly object[];
}

/** The numbers of records that `eraseUser` removed or changed. */
export interface UserErasure {
  /** Live sessions that ended. */
  readonly sessions: number;
  /** Memories of sessions that had ended before, and of these. */
  readonly tombstones: number;
  /** Entries of the audit trail that changed. 0 without `trail`. */
  readonly trail: number;
}

const parseTrail: Parser<UserTrail> = (value, name) => {
  if (typeof (value as UserTrail | null)?.eraseUser === "function") return value as UserTrail;
  throw invalidOption(name, 'the trail of auditLog() from "sessionup/audit"', value);
};

const EXPORT = { trail: { parse: parseTrail } } as const;
const ERASE = {
  ...BY,
  trail: { parse: parseTrail },
  trailPolicy: { parse: oneOf("pseudonymize", "delete"), default: "pseudonymize" },
} as const;

/**
 * Returns the data that the store has about a user, for a request for access (GDPR, article 15): live sessions, and with the option
 * `tombstones` the memories of ended ones. It scans the store for these, so it may take long.
 *
 * Throws `TypeError` for an invalid user key, `ERR_STORE` when the store fails.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { exportUser } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * console.log(JSON.stringify(await exportUser(manager, "ann"), undefined, 2));
 * ```
 */
export async function exportUser<In, Out extends In>(
  manager: Manager<In, Out>,
  userKey: string,
  options: ExportUserOptions = {},
): Promise<UserExport> {
  const lifecycle = getLifecycle(manager);
  checkUserKey(userKey);
  const { trail } = parseOptions(options, EXPORT, "exportUser");
  const now = lifecycle.options.clock();
  const records = [...(await lifecycle.repository.readAll(userKey))];
  if (lifecycle.repository.store.scan)
    for await (const found of scanRecords(lifecycle, "exportUser", parseFilter({ userKey }), { ended: {} }))
      records.push(...found);
  const sessions = records
    .map((record) => toExportedSession(record, readRecordData(record), now))
    .filter((session) => session !== undefined);
  const entries: object[] = [];
  if (trail) for await (const entry of trail.readUser(userKey)) entries.push(entry);
  const exportedAt = new Date(now).toISOString();
  return { userKey, exportedAt, sessions, ...(trail && { trail: entries }) };
}

/**
 * Removes a user from the store, for a request for erasure (GDPR, article 17): ends the sessions and removes every memory of ended
 * ones. A login that is under way may begin another session: close the account first. An expired session that has not been reported
 * yet is reported without the user key.
 *
 * Throws `TypeError` for invalid options, `ERR_STORE` when the store fails. Then call it again: it removes what is left.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { eraseUser } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const erased = await eraseUser(manager, "ann", { by: { kind: "admin", id: "grace" } });
 * console.log(erased.sessions, erased.tombstones);
 * ```
 */
export async function eraseUser<In, Out extends In>(
  manager: Manager<In, Out>,
  userKey: string,
  options: EraseUserOptions = {},
): Promise<UserErasure> {
  const { repository } = getLifecycle(manager);
  checkUserKey(userKey);
  const { by, trail, trailPolicy: policy } = parseOptions(options, ERASE, "eraseUser");
  const ended = await repository.endByUserKey(userKey, by);
  const tombstones = await repository.ask(
    async () => (await repository.store.deleteTombstones?.(userKey)) ?? 0,
  );
  // Last, because the ends above are in the trail too.
  const entries = (await trail?.eraseUser(userKey, { policy })) ?? 0;
  return { sessions: ended.length, tombstones, trail: entries };
}

/**
 * Removes addresses and places from the memories of sessions that ended before a moment, and returns the number of changed
 * memories. With the option `tombstones`, call it from a daily job if addresses must not be kept as long as the rest.
 *
 * Throws `TypeError` for an invalid date and when the store has no `scan`, `ERR_STORE` when the store fails.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { forgetAddresses } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore(), { tombstones: "90d" });
 * const weekAgo = new Date(Date.now() - 7 * 86_400_000);
 * console.log(await forgetAddresses(manager, weekAgo));
 * ```
 */
export async function forgetAddresses<In, Out extends In>(
  manager: Manager<In, Out>,
  endedBefore: Date,
): Promise<number> {
  const lifecycle = getLifecycle(manager);
  const { repository, options } = lifecycle;
  const before = parseDate(endedBefore, "endedBefore");
  let changed = 0;
  for await (const records of scanRecords(lifecycle, "forgetAddresses", undefined, { ended: { before } })) {
    for (const { id, revision, data: kept } of records) {
      const { ip, network, geo, ...data } = kept;
      if (ip === undefined && network === undefined && geo === undefined) continue;
      const condition = { now: options.clock(), ifRevision: revision, isTombstone: true } as const;
      const outcome = await repository.ask(() => repository.store.update(id, { data }, condition));
      if (outcome === "updated") changed++;
    }
  }
  return changed;
}

function toExportedSession(
  record: SessionRecord,
  data: RecordData | undefined,
  now: number,
): ExportedSession | undefined {
  if (!data) return undefined;
  const { deviceName, ip, agent, geo, provider, meta, kind = "browser", authenticatedAt } = data;
  const toTime = (time: number) => new Date(time).toISOString();
  return {
    id: record.id,
    createdAt: toTime(record.createdAt),
    lastSeenAt: toTime(record.lastSeenAt),
    expiresAt: toTime(record.expiresAt),
    authenticatedAt: toTime(authenticatedAt ?? record.createdAt),
    level: computeLevel(data, now),
    kind,
    ...(deviceName !== undefined && { deviceName }),
    ...(ip !== undefined && { ip }),
    ...(agent !== undefined && { agent }),
    ...(geo !== undefined && { geo }),
    ...(provider !== undefined && { provider }),
    ...(meta !== undefined && { meta }),
    ...(record.ended && { ended: { at: toTime(record.ended.at), reason: record.ended.reason } }),
  };
}
