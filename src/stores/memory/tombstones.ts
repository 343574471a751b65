import { NOWHERE, Rows } from "./links.ts";
import type { RecordTable } from "./record-table.ts";

/** The places of tombstones: of each user and of all, in the order in which the sessions ended. */
export class Tombstones {
  readonly #table: RecordTable;
  /** The latest of each user, and rows from there to the earliest. */
  readonly #latest = new Map<string, number>();
  readonly #ofUser = new Rows();
  /** All of them, from the earliest on. */
  readonly #all = new Rows();
  #first = NOWHERE;
  #last = NOWHERE;

  constructor(table: RecordTable) {
    this.#table = table;
  }

  /** The place of the tombstone that is the earliest of all. */
  get earliest(): number {
    return this.#first;
  }

  add(place: number): void {
    const userKey = this.#table.userKey(place);
    this.#ofUser.join(place, this.#latest.get(userKey) ?? NOWHERE);
    this.#ofUser.join(NOWHERE, place);
    this.#latest.set(userKey, place);
    this.#all.join(this.#last, place);
    this.#all.join(place, NOWHERE);
    this.#last = place;
    if (this.#first === NOWHERE) this.#first = place;
  }

  remove(place: number): void {
    const userKey = this.#table.userKey(place);
    const [later, earlier] = [this.#ofUser.before(place), this.#ofUser.after(place)];
    this.#ofUser.join(later, earlier);
    if (later === NOWHERE) {
      if (earlier === NOWHERE) this.#latest.delete(userKey);
      else this.#latest.set(userKey, earlier);
    }
    const [before, after] = [this.#all.before(place), this.#all.after(place)];
    this.#all.join(before, after);
    if (before === NOWHERE) this.#first = after;
    if (after === NOWHERE) this.#last = before;
  }

  /** The user's tombstones beyond the latest `max`. */
  beyond(userKey: string, max: number): readonly number[] {
    const places: number[] = [];
    let place = this.#latest.get(userKey) ?? NOWHERE;
    for (let count = 0; place !== NOWHERE; place = this.#ofUser.after(place))
      if (++count > max) places.push(place);
    return places;
  }
}
