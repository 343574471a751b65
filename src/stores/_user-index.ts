import type { SessionRecord } from "../store.ts";

/** A record in its user's list. */
export interface UserEntry<Self> {
  record: SessionRecord;
  older: Self | undefined;
  newer: Self | undefined;
}

/** Each user's records, newest first: linked, so that one of very many is taken out as quickly as the only one. */
export class UserIndex<Entry extends UserEntry<Entry>> {
  readonly #newest = new Map<string, Entry>();

  add(entry: Entry): void {
    const { userKey } = entry.record;
    let newer: Entry | undefined;
    let older = this.#newest.get(userKey);
    // The clocks of several managers differ a little: the place is near the top.
    while (older && compare(older.record, entry.record) > 0) {
      newer = older;
      older = older.older;
    }
    entry.newer = newer;
    entry.older = older;
    if (older) older.newer = entry;
    if (newer) newer.older = entry;
    else this.#newest.set(userKey, entry);
  }

  remove(entry: Entry): void {
    const { newer, older } = entry;
    if (older) older.newer = newer;
    if (newer) newer.older = older;
    else if (older) this.#newest.set(entry.record.userKey, older);
    else this.#newest.delete(entry.record.userKey);
  }

  *newestFirst(userKey: string): Generator<Entry, void> {
    for (let entry = this.#newest.get(userKey); entry; entry = entry.older) yield entry;
  }
}

/** Below zero where `a` is the older one: by time, then by id. */
export function compare(
  a: Pick<SessionRecord, "createdAt" | "id">,
  b: Pick<SessionRecord, "createdAt" | "id">,
): number {
  return a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
