import type { SessionRecord } from "../store.ts";
import { Links, NOWHERE } from "./_links.ts";
import type { RecordTable } from "./_record-table.ts";
import { byAllCharacters, SpreadMap } from "./_spread-map.ts";

const OLDER = 0;
const NEWER = 1;

/** Each user's records, newest first: linked, so that one of very many is taken out as quickly as the only one. */
export class UserIndex {
  readonly #table: RecordTable;
  readonly #newest = new SpreadMap(byAllCharacters);
  readonly #links = new Links(2);

  constructor(table: RecordTable) {
    this.#table = table;
  }

  newest(userKey: string): number {
    return this.#newest.get(userKey) ?? NOWHERE;
  }

  older(place: number): number {
    return this.#links.get(place, OLDER);
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
    this.#link(older, place);
    if (newer === NOWHERE) {
      this.#links.set(place, NEWER, NOWHERE);
      this.#newest.set(userKey, place);
    } else this.#link(place, newer);
  }

  remove(place: number): void {
    const older = this.older(place);
    const newer = this.#links.get(place, NEWER);
    this.#link(older, newer);
    if (newer !== NOWHERE) return;
    const userKey = this.#table.userKey(place);
    if (older === NOWHERE) this.#newest.delete(userKey);
    else this.#newest.set(userKey, older);
  }

  /** Forgets all of a user's but these, newest first. */
  keep(userKey: string, places: readonly number[]): void {
    if (places.length === 0) this.#newest.delete(userKey);
    else this.#newest.set(userKey, places[0] ?? NOWHERE);
    let newer = NOWHERE;
    for (const place of [...places, NOWHERE]) {
      this.#link(place, newer);
      newer = place;
    }
  }

  *newestFirst(userKey: string): Generator<number, void> {
    for (let place = this.newest(userKey); place !== NOWHERE; place = this.older(place)) yield place;
  }

  #link(older: number, newer: number): void {
    if (newer !== NOWHERE) this.#links.set(newer, OLDER, older);
    if (older !== NOWHERE) this.#links.set(older, NEWER, newer);
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
