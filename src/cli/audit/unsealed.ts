import { type TrailKeys, toTrailKeys } from "../../audit/chain.ts";
import { Trail } from "../../audit/trail.ts";
import type { TrailStore } from "../../audit/trail-store.ts";
import type { Context } from "../command.ts";
import { Interrupted } from "../interrupted.ts";
import { formatCount, formatNumber } from "../wording.ts";

/** An app with an audit log gives rows their place in the chain within a second or so. */
const LONG_PENDING = 60_000;
const MAX_COUNTED = 500;

/**
 * Opens a trail that leaves pending rows alone. Otherwise a trail gives them their place in the chain before it is read, and
 * without the keys of the app, the command line would make entries that do not verify. `keys` are those to verify with.
 */
export function openUnsealed(
  context: Context,
  trail: TrailStore,
  now: () => number,
  keys: TrailKeys = toTrailKeys(undefined),
): Trail {
  let count = 0;
  const overrides: Partial<TrailStore> = {
    readPending: async () => [],
    async read(page) {
      const rows = await trail.read(page);
      count += rows.length;
      showReading(context, count);
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

/** Shows how many entries have been read. Throws after Ctrl-C. */
export function showReading({ terminal, signal }: Context, count: number): void {
  if (signal.aborted) throw new Interrupted("The trail was not read to its end.");
  terminal.progress(`${formatNumber(count)} entries read …`);
}

/** Describes the rows that have waited too long for their place in the chain. Returns `undefined` if there are none. */
export async function describePending(trail: TrailStore, now: number): Promise<string | undefined> {
  const pending = await trail.readPending(MAX_COUNTED);
  const old = pending.filter(({ at }) => now - at > LONG_PENDING).length;
  if (old === 0) return undefined;
  const more = pending.length === MAX_COUNTED ? " or more" : "";
  return `${formatCount(old, "row")}${more} without a place in the chain: no process of the app runs auditLog.`;
}
