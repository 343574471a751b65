import type {
  CreateOptions,
  CreateResult,
  End,
  ExpiredSession,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionCount,
  SessionLimit,
  SessionPage,
  SessionRecord,
  Store,
  StoreState,
  UpdateOptions,
} from "../../store.ts";
import { Cleanup, DATABASE_CLEANUP, type ParsedCleanup } from "../shared/cleanup.ts";
import type { Deadline } from "../shared/deadline.ts";
import { duplicateError } from "../shared/errors.ts";
import { groupByUser, toChangedMessage, toEndedMessages } from "../shared/push-messages.ts";
import { applyChange, isLive, selectEvicted, toTombstone } from "../shared/records.ts";
import { isClaim } from "../shared/scan.ts";
import { endInSteps, stepThroughIds } from "../shared/steps.ts";
import { scanStep } from "./scan.ts";
import { type LmdbTables, VERSION } from "./tables.ts";

/** A store in an LMDB environment. */
export interface LmdbStore extends Store {
  deleteTombstones(userKey: string): Promise<number>;
  scan(page: ScanPage): Promise<ScanResult>;
  count(): Promise<SessionCount>;
  inspect(): Promise<StoreState>;
  deleteExpired(now: number, limit: number): Promise<number>;
  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void;
  /** Waits for writes in flight and closes the file, so that another process can open it. */
  close(): Promise<void>;
}

/** Sessions that end in one transaction, which runs in one turn of the event loop. */
const ENDED_AT_ONCE = 1_000;
const NO_SYNC =
  "The file was opened with noSync, so a power cut may damage it. Open the file without noSync.";
/** Expired records that one transaction removes. */
const REMOVED_AT_ONCE = 200;

/** The store. Each operation is one transaction, or several for very many sessions. */
export class LmdbSessions implements LmdbStore {
  readonly #tables: LmdbTables;
  readonly #deadline: Deadline;
  readonly #cleanup: Cleanup;
  readonly #release: () => void;
  /** Settles when no call of `deleteExpired` is under way. */
  #removing: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(tables: LmdbTables, deadline: Deadline, cleanup: ParsedCleanup, release: () => void) {
    this.#tables = tables;
    this.#deadline = deadline;
    this.#release = release;
    this.#cleanup = new Cleanup(cleanup, {
      ...DATABASE_CLEANUP,
      batch: REMOVED_AT_ONCE,
      claim: (now, apart) => this.#write((tables) => tables.claimCleanup(now, apart)),
      remove: (now, limit) => this.deleteExpired(now, limit),
    });
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces, tombstones }: CreateOptions,
  ): Promise<CreateResult> {
    this.#cleanup.tell(now);
    this.#cleanup.start();
    return this.#write((tables) => {
      if (tables.get(record.id)) throw duplicateError("lmdbStore");
      const given = replaces === undefined ? undefined : tables.get(replaces);
      const replaced = given?.userKey === record.userKey && !given.ended ? given : undefined;
      // Counting is cheap and reading is not. Few users have reached their limit.
      const full = limit && tables.hasAtLeast(record.userKey, limit.max);
      const others = full ? findLive(tables, record.userKey, now, limit, replaced?.id) : [];
      const evicted = limit ? selectEvicted(others, limit) : [];
      const end = { now, ...(tombstones && { tombstones }) };
      if (replaced) endAll(tables, [replaced], { ...end, reason: "logout" });
      endAll(tables, evicted, { ...end, reason: "evicted" });
      tables.put(record);
      return { evicted: evicted.map(({ id }) => id), replaced: replaced !== undefined };
    });
  }

  async fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#tables.latest().get(id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    const tables = this.#tables.latest();
    return ids.map((id) => tables.get(id));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#cleanup.tell(now);
    const page: SessionRecord[] = [];
    for (const record of this.#tables.latest().newestFirst(userKey, before)) {
      if (isLive(record, now)) page.push(record);
      if (page.length === limit) break;
    }
    return page;
  }

  async update(
    id: string,
    change: SessionChange,
    { now, ifRevision, isTombstone }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#cleanup.tell(now);
    return this.#write((tables) => {
      const record = tables.get(id);
      if (!record || !(isTombstone ? record.ended : isLive(record, now))) return "not_found";
      if (ifRevision !== undefined && record.revision !== ifRevision) return "conflict";
      const changed = applyChange(record, change);
      tables.replace(changed);
      if (change.data && !isTombstone) tables.record(() => [toChangedMessage(id, changed.revision)]);
      return "updated";
    });
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#cleanup.tell(end.now);
    return this.#write((tables) => {
      const record = tables.get(id);
      if (!record || record.ended) return "not_found";
      if (owner !== undefined && record.userKey !== owner) return "not_owner";
      endAll(tables, [record], end);
      return "deleted";
    });
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#cleanup.tell(end.now);
    const kept = new Set(exceptIds);
    return endInSteps((before) =>
      this.#write((tables) => {
        const found: SessionRecord[] = [];
        for (const record of tables.newestFirst(userKey, before))
          if (found.push(record) === ENDED_AT_ONCE) break;
        const ending = found.filter((record) => !kept.has(record.id));
        endAll(tables, ending, end);
        const ids = ending.map(({ id }) => id);
        return { ids, next: found.length === ENDED_AT_ONCE ? found.at(-1) : undefined };
      }),
    );
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    return [...this.#tables.latest().linked(link)].slice(0, limit);
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#cleanup.tell(end.now);
    return stepThroughIds(
      async (after) => this.#tables.latest().findStepEnd(after, ENDED_AT_ONCE),
      (after, last) =>
        this.#write((tables) => {
          const ending = [...tables.between(after, last)].filter(
            ({ createdAt: began, ended, userKey }) => began < createdAt && !ended && !isClaim(userKey),
          );
          endAll(tables, ending, end);
          return ending.map(({ id }) => id);
        }),
    );
  }

  async deleteTombstones(userKey: string): Promise<number> {
    let removed = 0;
    for (;;) {
      const step = await this.#write((tables) => {
        tables.eraseTaken(userKey);
        return tables.removeTombstones(userKey, 0, ENDED_AT_ONCE);
      });
      removed += step;
      if (step < ENDED_AT_ONCE) return removed;
    }
  }

  async scan(page: ScanPage): Promise<ScanResult> {
    this.#cleanup.tell(page.now);
    // The next step of the same caller is in another turn.
    await new Promise(setImmediate);
    return scanStep(this.#tables.latest(), page);
  }

  async count(): Promise<SessionCount> {
    return { count: this.#tables.latest().countSessions(), isExact: false };
  }

  async inspect(): Promise<StoreState> {
    const { version, hasNoSync } = this.#tables.latest();
    return {
      schema: { found: Number(version), needed: Number(VERSION) },
      ...(hasNoSync && { warnings: [NO_SYNC] }),
    };
  }

  deleteExpired(now: number, limit: number): Promise<number> {
    const removing = this.#removeExpired(now, limit);
    this.#removing = Promise.allSettled([this.#removing, removing]);
    return removing;
  }

  async #removeExpired(now: number, limit: number): Promise<number> {
    let events = 0;
    const { count, taken } = await this.#write((tables) => {
      events = tables.removeOldEvents(limit);
      return tables.takeExpired(now, limit);
    });
    while (events > 0 && events >= limit)
      events = await this.#write((tables) => tables.removeOldEvents(limit));
    this.#cleanup.report(taken);
    // If the process ends before this, another one reports the sessions again.
    if (taken.length > 0) await this.#write((tables) => tables.forgetTaken(now, taken));
    return count;
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#cleanup.listen(listener);
  }

  close(): Promise<void> {
    this.#cleanup.stop();
    this.#closed ??= this.#removing.then(() => this.#tables.close()).finally(this.#release);
    return this.#closed;
  }

  #write<Answer>(work: (tables: LmdbTables) => Answer): Promise<Answer> {
    return this.#deadline.within(this.#tables.transaction(work));
  }
}

/**
 * Returns a user's live sessions without the excepted one, newest first. A limit that rejects logins needs no more than `max`
 * of them.
 */
function findLive(
  tables: LmdbTables,
  userKey: string,
  now: number,
  { max, onExceed }: SessionLimit,
  except: string | undefined,
): readonly SessionRecord[] {
  const live: SessionRecord[] = [];
  for (const record of tables.newestFirst(userKey)) {
    if (isLive(record, now) && record.id !== except) live.push(record);
    if (onExceed === "reject" && live.length === max) break;
  }
  return live;
}

/** Ends sessions, and records it. Removes each user's tombstones beyond `max`. */
function endAll(tables: LmdbTables, records: readonly SessionRecord[], end: End): void {
  const { tombstones } = end;
  for (const record of records) {
    if (tombstones) tables.bury(record, toTombstone(record, end, tombstones.keepFor));
    else tables.remove(record);
  }
  if (!tombstones && !tables.events) return;
  for (const [userKey, ids] of groupByUser(records)) {
    tables.record(() => toEndedMessages(end.reason, userKey, ids));
    if (tombstones) tables.removeTombstones(userKey, tombstones.max);
  }
}
