import { Links, NOWHERE, Rows } from "./links.ts";

/** Milliseconds of one slot: short ones would cost more memory than what is in them. */
const SLOT = 60_000;

/** The year 6053: what ends later is found to be there too early, and stays. */
const LAST = 2 ** 31 - 1;

const SLOT_OF = 0;

/**
 * Places by the minute in which their records end, so that the dead are found without looking at the living. A slot
 * exists while something is in it. An end that moved outwards is noticed only when the old one has come: until then,
 * moving it costs nothing.
 */
export class ExpiryWheel {
  readonly #expiresAt: (place: number) => number;
  readonly #slots = new Map<number, number>();
  readonly #rows = new Rows();
  readonly #links = new Links(1);
  /** All slots before this one are empty. */
  #first = Number.POSITIVE_INFINITY;

  constructor(expiresAt: (place: number) => number) {
    this.#expiresAt = expiresAt;
  }

  add(place: number): void {
    const slot = this.#slotOf(place);
    this.#links.set(place, SLOT_OF, slot);
    this.#rows.join(place, this.#slots.get(slot) ?? NOWHERE);
    this.#rows.join(NOWHERE, place);
    this.#slots.set(slot, place);
    if (slot < this.#first) this.#first = slot;
  }

  remove(place: number): void {
    const next = this.#rows.after(place);
    const previous = this.#rows.before(place);
    this.#rows.join(previous, next);
    if (previous === NOWHERE) {
      const slot = this.#links.get(place, SLOT_OF);
      if (next === NOWHERE) this.#slots.delete(slot);
      else this.#slots.set(slot, next);
    }
    if (this.#slots.size === 0) this.#first = Number.POSITIVE_INFINITY;
  }

  move(place: number): void {
    this.remove(place);
    this.add(place);
  }

  /** Hands up to `limit` places whose records have ended by `now` to `onEnded`, which removes them; how many. Looks at no more than a few times that. */
  collect(now: number, limit: number, onEnded: (place: number) => void): number {
    const current = Math.floor(now / SLOT);
    let ended = 0;
    for (let looks = 4 * limit; looks > 0 && this.#first <= current; looks--) {
      const at = this.#first;
      let place = this.#slots.get(at) ?? NOWHERE;
      for (; place !== NOWHERE && looks > 0; looks--) {
        if (ended === limit) return ended;
        const next = this.#rows.after(place);
        if (this.#expiresAt(place) <= now) {
          onEnded(place);
          ended++;
        } else if (this.#slotOf(place) !== at) this.move(place);
        place = next;
      }
      if (looks <= 0 || at === current) return ended;
      // What was put back further on may have moved it already.
      if (this.#first === at) this.#first++;
    }
    return ended;
  }

  #slotOf(place: number): number {
    return Math.max(-LAST, Math.min(LAST, Math.floor(this.#expiresAt(place) / SLOT)));
  }
}
