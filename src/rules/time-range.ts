import type { TimeRange } from "../store.ts";

/** Whether a time is in a range. Every time is in an absent one. */
export function isWithin(
  time: number,
  { from = time, before = Number.POSITIVE_INFINITY }: TimeRange = {},
): boolean {
  return from <= time && time < before;
}
