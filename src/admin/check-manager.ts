import { randomBytes } from "node:crypto";
import { shardOf } from "../cookie/shard.ts";
import { type Duration, parseDuration } from "../duration.ts";
import { getLifecycle, type Lifecycle } from "../lifecycle/lifecycle.ts";
import type { Manager } from "../manager.ts";
import { parseOptions } from "../options/parsers.ts";
import { CLAIM_PREFIX, type SessionRecord, type Store, type StoreState } from "../store.ts";

/** The options of `checkManager`. */
export interface CheckOptions {
  /** How long the store may take for each step. Default `"2s"`. */
  readonly timeout?: Duration;
}

/** The findings of a check. Durations are in milliseconds. */
export interface ManagerCheck {
  /** Whether the store works: for readiness probes. */
  readonly ok: boolean;
  /** How long a write, a read and a removal of a probe record took. Absent for a step that was not reached. */
  readonly write?: number;
  readonly read?: number;
  readonly remove?: number;
  /** How far the store's clock is ahead of this process's, give or take the duration of the request. Absent if it has none. */
  readonly clockSkew?: number;
  /** The version of the tables, and the one that this release needs. Absent if there are no tables. */
  readonly schema?: { readonly found: number; readonly needed: number };
  /** The same for the tables of the audit trail. Absent for a store without the option `audit`. */
  readonly auditSchema?: { readonly found: number; readonly needed: number };
  /** Whether events of other processes arrive. `off` if the store has no push. */
  readonly push: "up" | "down" | "off";
  /** Everything that is wrong, in sentences. Empty if nothing is. */
  readonly problems: readonly string[];
}

const CHECK = { timeout: { parse: parseDuration, default: "2s" } } as const;
/** A clock that differs more than this moves the ends of sessions noticeably. */
const MAX_SKEW = 5_000;

/**
 * Writes, reads and removes a probe record and asks the store about its clock, its tables and its push channel. The probe is
 * not a session: no list and no count has it, and no event reports it. Never rejects because of the store: the result tells.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { checkManager } from "sessionup/admin";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const { ok, problems } = await checkManager(manager, { timeout: "1s" });
 * console.log(ok ? 200 : 503, problems);
 * ```
 */
export async function checkManager<In, Out extends In>(
  manager: Manager<In, Out>,
  options: CheckOptions = {},
): Promise<ManagerCheck> {
  const lifecycle = getLifecycle(manager);
  const { timeout } = parseOptions(options, CHECK, "checkManager");
  const { store } = lifecycle.repository;
  const problems: string[] = [];
  const attempt = async <Answer>(step: string, operation: () => Promise<Answer>) => {
    try {
      return await within(timeout, operation());
    } catch (cause) {
      problems.push(
        `The store failed to ${step}: ${cause instanceof Error ? cause.message : "unknown error"}.`,
      );
      return undefined;
    }
  };
  const times = await probe(lifecycle, store, attempt, problems);
  const asked = lifecycle.options.clock();
  const state = await attempt(
    "describe itself",
    async (): Promise<StoreState> => (await store.inspect?.()) ?? {},
  );
  const middle = (asked + lifecycle.options.clock()) / 2;
  const clockSkew = state?.clock === undefined ? undefined : Math.round(state.clock - middle);
  if (clockSkew !== undefined && Math.abs(clockSkew) > MAX_SKEW)
    problems.push(
      `The store's clock differs by ${clockSkew} ms from this process's. Synchronize both with NTP.`,
    );
  const { schema, auditSchema, warnings = [] } = state ?? {};
  const hasTables = checkTables("The tables", schema, problems);
  const hasTrail = checkTables("The tables of the audit trail", auditSchema, problems);
  const push = store.subscribe
    ? ((await attempt("push events", () => listen(store, timeout))) ?? "down")
    : "off";
  return {
    ok: times.remove !== undefined && hasTables && hasTrail && push !== "down",
    ...times,
    ...(clockSkew !== undefined && { clockSkew }),
    ...(schema && { schema }),
    ...(auditSchema && { auditSchema }),
    push,
    problems: [...problems, ...warnings],
  };
}

/** Whether this release can use tables. Reports another version than the one that it needs. */
function checkTables(tables: string, version: StoreState["schema"], problems: string[]): boolean {
  if (!version) return true;
  const { found, needed } = version;
  if (found !== needed)
    problems.push(`${tables} have version ${found}, this release needs ${needed}. Call migrate().`);
  return found >= needed;
}

type Attempt = <Answer>(step: string, operation: () => Promise<Answer>) => Promise<Answer | undefined>;

/** Writes, reads and removes a record, and returns how long each took. */
async function probe(
  { options }: Lifecycle,
  store: Store,
  attempt: Attempt,
  problems: string[],
): Promise<Pick<ManagerCheck, "write" | "read" | "remove">> {
  const now = options.clock();
  const name = randomBytes(32).toString("hex");
  const userKey = `${CLAIM_PREFIX}probe ${name}`;
  const times = { createdAt: now, lastSeenAt: now, expiresAt: now + 60_000, deadline: now + 60_000 };
  const record: SessionRecord = {
    id: shardOf(userKey) + name,
    userKey,
    revision: 0,
    ...times,
    data: { v: 0 },
  };
  const write = await time(() => attempt("write", () => store.create(record, { now })));
  if (!write) return {};
  const read = await time(() =>
    attempt("read", async () => (await store.fetchByIds([record.id]))[0] ?? null),
  );
  if (read && read.answer?.userKey !== userKey)
    problems.push("The store does not return what it has just stored.");
  const end = { reason: "logout", now } as const;
  const remove = await time(() => attempt("remove", () => store.deleteById(record.id, end, userKey)));
  const isWhole = read?.answer?.userKey === userKey && remove?.answer === "deleted";
  return {
    write: write.took,
    ...(read && { read: read.took }),
    ...(isWhole && { remove: remove.took }),
  };
}

/** Measures an attempt. Returns `undefined` if it failed. */
async function time<Answer>(
  operation: () => Promise<Answer | undefined>,
): Promise<{ readonly answer: Answer; readonly took: number } | undefined> {
  const began = performance.now();
  const answer = await operation();
  return answer === undefined ? undefined : { answer, took: performance.now() - began };
}

/** Waits until events arrive. */
async function listen(store: Store, timeout: number): Promise<"up"> {
  let subscribed: Promise<() => Promise<void>> | undefined;
  const isUp = new Promise<void>((resolve) => {
    subscribed = store.subscribe?.({
      ended: () => undefined,
      changed: () => undefined,
      status: (up) => up && resolve(),
    });
  });
  try {
    await within(timeout, Promise.all([subscribed, isUp]));
    return "up";
  } finally {
    // The subscription may begin only after the time is over.
    subscribed?.then((stop) => stop()).catch(() => undefined);
  }
}

async function within<Answer>(timeout: number, answer: Promise<Answer>): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
