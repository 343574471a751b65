import { createLinks, NOWHERE } from "./links.ts";

/** Milliseconds of one slot. Shorter slots would cost more memory than their content. */
const SLOT = 60_000;

/** The last slot, in the year 6053. Records that end later are looked at then, and stay. */
const LAST = 2 ** 31 - 1;

/**
 * Places by the minute in which their records end, so that expired records are found without looking at live ones. A slot
 * exists while it has a record.
 */
export interface ExpiryWheel {
  add(place: number): void;
  remove(place: number): void;
  /**
   * Puts a place into its slot again. Necessary only when the record ends earlier than before: the wheel notices a later
   * end when the old one has come, so the activity of a session costs nothing here.
   */
  move(place: number): void;
  /**
   * Calls `onEnded`, which must remove the place, for up to `limit` records that have ended by `now`. Returns their number.
   * Looks at no more than four times `limit` places.
   */
  collect(now: number, limit: number, onEnded: (place: number) => void): number;
}

export function createExpiryWheel(expiresAt: (place: number) => number): ExpiryWheel {
  /** The first place of each slot. */
  const slots = new Map<number, number>();
  /** Before the first place of a slot is `~slot`: a negative number that gives the slot back. */
  const { after, before, join } = createLinks();
  /** All slots before this one are empty. */
  let earliest = Number.POSITIVE_INFINITY;

  const toSlot = (place: number) => Math.max(0, Math.min(LAST, Math.floor(expiresAt(place) / SLOT)));
  const add = (place: number) => {
    const slot = toSlot(place);
    join(place, slots.get(slot) ?? NOWHERE);
    join(~slot, place);
    slots.set(slot, place);
    earliest = Math.min(earliest, slot);
  };
  const remove = (place: number) => {
    const previous = before(place);
    const next = after(place);
    join(previous, next);
    if (previous >= 0) return;
    if (next) slots.set(~previous, next);
    else slots.delete(~previous);
    if (slots.size === 0) earliest = Number.POSITIVE_INFINITY;
  };
  const move = (place: number) => {
    remove(place);
    add(place);
  };

  return {
    add,
    remove,
    move,
    collect(now, limit, onEnded) {
      const current = Math.floor(now / SLOT);
      let slot = earliest;
      let place = slots.get(slot) ?? NOWHERE;
      let ended = 0;
      for (let looks = 4 * limit; looks > 0 && ended < limit && slot <= current; looks--) {
        if (place) {
          const next = after(place);
          if (expiresAt(place) <= now) {
            onEnded(place);
            ended++;
          } else if (toSlot(place) !== slot) move(place);
          place = next;
        } else {
          if (slot === current) break;
          // Nothing is left in this slot, unless the wheel is empty or a record was moved to an earlier one.
          if (earliest === slot) earliest++;
          slot = earliest;
          place = slots.get(slot) ?? NOWHERE;
        }
      }
      return ended;
    },
  };
}
