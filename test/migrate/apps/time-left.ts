import type { Duration } from "sessionup";

/** Returns the whole seconds until `end` as a duration, or `undefined` when less than a second is left. */
export function timeLeft(end: Date): Duration | undefined {
  const seconds = Math.floor((end.getTime() - Date.now()) / 1000);
  return seconds > 0 ? `${seconds}s` : undefined;
}
