import type { SessionRecord } from "../../store.ts";
import { NOWHERE, Rows } from "./links.ts";
import type { RecordTable } from "./record-table.ts";
import { byAllCharacters, SpreadMap } from "./spread-map.ts";

/** Each user's records, newest first. */
export class UserIndex {
  readonly #table: RecordTable;
  readonly #newest = new SpreadMap(byAllCharacters);
  readonly #rows = new Rows();

  constructor(table: RecordTable) {
    this.#table = table;
  }

  newest(userKey: string): number {
    return this.#newest.get(userKey) ?? NOWHERE;
  }

  older(place: number): number {
    return this.#rows.after(place);
  }

  add(place: number): void {
    const userKey = this.#table.userKey(place);
    let newer = NOWHERE;
    let older = this.newest(userKey);
    // The clocks of several managers differ a little: the place is near the top.
    while (older !== NOWHERE && this.#comesBefore(place, older)) {
      newer = older;
      older = this.older(older);
    }
    this.#rows.join(place, older);
    this.#rows.join(newer, place);
    if (newer === NOWHERE) this.#newest.set(userKey, place);
  }

  remove(place: number): void {
    const older = this.older(place);
    const newer = this.#rows.before(place);
    this.#rows.join(newer, older);
    if (newer === NOWHERE) this.#begin(this.#table.userKey(place), older);
  }

  /** Forgets all of a user's but these, newest first. */
  keep(userKey: string, places: readonly number[]): void {
    this.#begin(userKey, places[0] ?? NOWHERE);
    let newer = NOWHERE;
    for (const place of [...places, NOWHERE]) {
      this.#rows.join(newer, place);
      newer = place;
    }
  }

  #begin(userKey: string, newest: number): void {
    if (newest === NOWHERE) this.#newest.delete(userKey);
    else this.#newest.set(userKey, newest);
  }

  #comesBefore(place: number, other: number): boolean {
    const time = this.#table.createdAt(place) - this.#table.createdAt(other);
    return time < 0 || (time === 0 && this.#table.id(place) < this.#table.id(other));
  }
}

/** Below zero where `a` is the older one: by time, then by id. */
export function compare(
  a: Pick<SessionRecord, "createdAt" | "id">,
  b: Pick<SessionRecord, "createdAt" | "id">,
): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
