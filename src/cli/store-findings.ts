import type { StoreState } from "../store.ts";
import type { Finding } from "./finding.ts";

/** Differences of the clocks, in milliseconds, that are noticeable and that are dangerous. */
const NOTICEABLE_SKEW = 1_000;
const DANGEROUS_SKEW = 30_000;

/** Judges the tables of a store and those of its audit trail. Returns nothing for a store without tables. */
export function judgeSchema({ schema, auditSchema }: StoreState): readonly Finding[] {
  const own = schema && judgeTables("tables", "tables", schema);
  const trail = auditSchema && judgeTables("audit tables", "tables of the audit trail", auditSchema);
  return [own, trail].filter((finding) => finding !== undefined);
}

function judgeTables(
  name: string,
  tables: string,
  { found, needed }: NonNullable<StoreState["schema"]>,
): Finding {
  if (found === needed) return { status: "ok", name, text: `Version ${found}` };
  if (found > needed)
    return {
      status: "fail",
      name,
      text: `The ${tables} have version ${found}, this release knows ${needed}.`,
      fix: "Upgrade sessionup: a later release has upgraded the tables.",
    };
  const text =
    found === 0
      ? `There are no ${tables}.`
      : `The ${tables} have version ${found}, this release needs ${needed}.`;
  return { status: "fail", name, text, fix: "Run: sessionup migrate" };
}

/** Judges how far the store's clock is ahead of this machine's. `uncertainty` is the duration of the question. */
export function judgeClock(skew: number | undefined, uncertainty: number): readonly Finding[] {
  if (skew === undefined) return [];
  const name = "clock";
  const distance = Math.abs(skew);
  if (distance <= NOTICEABLE_SKEW + uncertainty)
    return [{ status: "ok", name, text: "The store's clock agrees with this machine's" }];
  const text = `The store's clock is ${(distance / 1_000).toFixed(1)} s ${skew > 0 ? "ahead of" : "behind"} this machine's.`;
  const fix = "Synchronize both machines with NTP. Sessions end by the clock of the app's machines.";
  return [{ status: distance > DANGEROUS_SKEW ? "fail" : "warn", name, text, fix }];
}

/** Returns the warnings that the engine has about its settings. */
export function judgeSettings({ warnings = [] }: StoreState): readonly Finding[] {
  if (warnings.length === 0)
    return [{ status: "ok", name: "settings", text: "No setting of the engine endangers sessions" }];
  return warnings.map((text) => ({ status: "warn", name: "settings", text }));
}
