import type { SessionRecord } from "../store.ts";
import type { Moment } from "./clock.ts";
import { UserMap } from "./user-map.ts";

/** A record of the store, as old as the moment at which its read began. @internal */
export interface Entry extends Moment {
  record: SessionRecord;
  /** Whether it was served since the search for an entry to evict last passed it. */
  isUsed: boolean;
  next?: Entry | undefined;
}

/** How many used entries the search for an entry to evict passes. More would make one request slow. */
const MAX_SECOND_CHANCES = 10;

/** The records that the cache holds, at most `max`. @internal */
export class Entries extends UserMap<Entry> {
  readonly #max: number;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  /** Adds a record. If the map is full, the oldest entry goes that was not used lately. */
  keep(record: SessionRecord, { elapsed, wall }: Moment): void {
    let chances = MAX_SECOND_CHANCES;
    if (this.size >= this.#max)
      for (const oldest of this.values()) {
        if (!oldest.isUsed || chances-- === 0) {
          this.delete(oldest.record.id);
          break;
        }
        oldest.isUsed = false;
        this.set(oldest);
      }
    this.set({ elapsed, wall, record, isUsed: false, next: undefined });
  }
}
