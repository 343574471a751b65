import { setTimeout as delay } from "node:timers/promises";
import type { UserTrail } from "../../admin/user-data.ts";
import type { PendingRow, TrailStore } from "../../audit/trail-store.ts";
import { CliError } from "../cli-error.ts";
import type { Context } from "../command.ts";
import { Interrupted } from "../interrupted.ts";
import { formatCount } from "../wording.ts";
import { openUnsealed } from "./unsealed.ts";

/** The milliseconds between two looks at the rows that an erasure waits for. */
const PAUSE = 100;
/** More rows than an app leaves in some seconds. */
const MAX_PENDING = 10_000;

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
  const unsealed = openUnsealed(context, trail, now);
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
