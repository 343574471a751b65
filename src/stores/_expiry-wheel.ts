import type { SessionRecord } from "../store.ts";

/** A record on the wheel. */
export interface WheelEntry {
  record: SessionRecord;
  /** Which slot it is in, and which place of it. The wheel's own. */
  slot: number;
  place: number;
}

/** Milliseconds of one slot: short ones would cost more memory than what is in them. */
const SLOT = 60_000;

/**
 * Records by the minute in which they end, so that the dead are found without looking at the living. A slot exists
 * while something is in it. An end that moved outwards is noticed only when the old one has come: until then, moving
 * it costs nothing.
 */
export class ExpiryWheel<Entry extends WheelEntry> {
  readonly #slots = new Map<number, Entry[]>();
  /** All slots before this one are empty. */
  #first = Number.POSITIVE_INFINITY;

  add(entry: Entry): void {
    entry.slot = slotOf(entry);
    const slot = this.#slots.get(entry.slot);
    entry.place = slot?.length ?? 0;
    if (slot) slot.push(entry);
    else this.#slots.set(entry.slot, [entry]);
    if (entry.slot < this.#first) this.#first = entry.slot;
  }

  remove(entry: Entry): void {
    const slot = this.#slots.get(entry.slot);
    if (slot?.[entry.place] !== entry) return;
    const last = slot.pop();
    if (last && last !== entry) {
      slot[entry.place] = last;
      last.place = entry.place;
    }
    if (slot.length === 0) this.#slots.delete(entry.slot);
    if (this.#slots.size === 0) this.#first = Number.POSITIVE_INFINITY;
  }

  move(entry: Entry): void {
    this.remove(entry);
    this.add(entry);
  }

  /** Hands up to `limit` entries that have ended by `now` to `onEnded`, which removes them; how many. Looks at no more than a few times that. */
  collect(now: number, limit: number, onEnded: (entry: Entry) => void): number {
    const current = Math.floor(now / SLOT);
    let ended = 0;
    for (let looks = 4 * limit; looks > 0 && this.#first <= current; looks--) {
      const at = this.#first;
      const slot = this.#slots.get(at) ?? [];
      // From the end: what is taken out leaves its place to one that was looked at.
      for (let place = slot.length - 1; place >= 0 && looks > 0; place--, looks--) {
        const entry = slot[place];
        if (!entry || ended === limit) return ended;
        if (entry.record.expiresAt <= now) {
          onEnded(entry);
          ended++;
        } else if (slotOf(entry) !== entry.slot) this.move(entry);
      }
      if (looks <= 0 || at === current) return ended;
      // What was put back further on may have moved it already.
      if (this.#first === at) this.#first++;
    }
    return ended;
  }
}

function slotOf({ record }: WheelEntry): number {
  return Math.floor(record.expiresAt / SLOT);
}
