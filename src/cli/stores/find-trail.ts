import type { TrailStore } from "../../audit/trail-store.ts";
import type { Store } from "../../store.ts";

/** Returns the trail of a store with the option `audit`, or `undefined` if its tables do not exist. It takes one read. */
export async function findTrail({ audit }: Store): Promise<TrailStore | undefined> {
  try {
    await audit?.readState();
    return audit;
  } catch (error) {
    if (isMissingTable(error)) return undefined;
    throw error;
  }
}

/** Whether an error, or one of its causes, is that of a table that does not exist. */
function isMissingTable(error: unknown): boolean {
  for (let at = error, depth = 0; at && depth < 5; at = Object(at).cause, depth++) {
    const { code, errno, message } = Object(at) as Readonly<Record<string, unknown>>;
    if (code === "42P01" || code === "3F000" || errno === 1146) return true;
    if (/no such table/.test(String(message))) return true;
  }
  return false;
}
