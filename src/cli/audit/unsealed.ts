import { setTimeout as delay } from "node:timers/promises";
import type { UserTrail } from "../../admin/user-data.ts";
import { type TrailKeys, toTrailKeys } from "../../audit/chain.ts";
import { Trail } from "../../audit/trail.ts";
import type { PendingRow, TrailStore } from "../../audit/trail-store.ts";
import { CliError } from "../cli-error.ts";
import type { Context } from "../command.ts";
import { Interrupted } from "../interrupted.ts";
import { formatCount } from "../wording.ts";

/** An app with an audit log gives rows their place in the chain within a second or so. */
const LONG_PENDING = 60_000;
const MAX_COUNTED = 500;
/** The milliseconds between two looks at the rows that an erasure waits for. */
const PAUSE = 100;
/** More rows than an app leaves in some seconds. */
const MAX_PENDING = 10_000;

/**
 * Opens a trail that leaves pending rows alone. Otherwise a trail gives them their place in the chain before it is read, and
 * without the keys of the app, the command line would make entries that do not verify.
 */
export function openUnsealed(
  trail: TrailStore,
  now: () => number,
  { keys = toTrailKeys(undefined), onRead = () => undefined }: UnsealedOptions = {},
): Trail {
  const overrides: Partial<TrailStore> = {
    readPending: async () => [],
    async read(page) {
      const rows = await trail.read(page);
      onRead(rows.length);
      return rows;
    },
  };
  const rows = new Proxy(trail, {
    get(target, name: keyof TrailStore) {
      const own = overrides[name] ?? target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
  return new Trail(rows, keys, now);
}

interface UnsealedOptions {
  /** The keys with which the entries are verified. Default: none. */
  readonly keys?: TrailKeys;
  /** Called with the number of entries of each page. */
  readonly onRead?: (count: number) => void;
}

/** Describes the rows that have waited too long for their place in the chain. Returns `undefined` if there are none. */
export async function describePending(trail: TrailStore, now: number): Promise<string | undefined> {
  const pending = await trail.readPending(MAX_COUNTED);
  const old = pending.filter(({ at }) => now - at > LONG_PENDING).length;
  if (old === 0) return undefined;
  const more = pending.length === MAX_COUNTED ? " or more" : "";
  return `${formatCount(old, "row")}${more} without a place in the chain: no process of the app runs auditLog.`;
}

/**
 * Returns the trail from which `eraseUser` removes a user. It waits up to `patience` milliseconds until the app has given the user's
 * latest rows their place.
 */
export function toErasableTrail(
  context: Context,
  trail: TrailStore,
  now: () => number,
  patience: number,
): UserTrail {
  const unsealed = openUnsealed(trail, now);
  return {
    readUser: (userKey) => unsealed.readUser(userKey),
    async eraseUser(userKey, options) {
      const left = await waitForApp(context, trail, patience, (row) => row.userKey === userKey);
      // Entries that were erased in two turns would carry two pseudonyms.
      if (left > 0) throw stillPending(left);
      const erased = await unsealed.eraseUser(userKey, options);
      // Until the trail has the entry `erased`, it looks like one that was changed by hand.
      if (erased > 0) await waitForApp(context, trail, patience, isErasure);
      return erased;
    },
  };
}

function isErasure({ note = "" }: PendingRow): boolean {
  return note.includes('"kind":"erased"');
}

function stillPending(left: number): CliError {
  return new CliError(
    `The sessions have ended, and the audit trail still names the user: ${formatCount(left, "row")} without a place in the chain.`,
    {
      hints: [
        "Run it again while a process of the app runs auditLog, which gives rows their place. --timeout waits longer.",
      ],
    },
  );
}

/** Waits until no pending row matches. Returns the number of those that are left in the end. */
async function waitForApp(
  { terminal, signal }: Context,
  trail: TrailStore,
  patience: number,
  matches: (row: PendingRow) => boolean,
): Promise<number> {
  for (let waited = 0; ; waited += PAUSE) {
    const pending = await trail.readPending(MAX_PENDING);
    // There may be further rows behind these.
    const left = pending.length < MAX_PENDING ? pending.filter(matches).length : MAX_PENDING;
    if (left === 0 || waited >= patience) return left;
    if (signal.aborted)
      throw new Interrupted("The sessions have ended. The audit trail still names the user.");
    terminal.progress("Waiting for the app to complete the audit trail …");
    await delay(PAUSE);
  }
}
