import { type Links, NOWHERE } from "./links.ts";
import { createSplitMap } from "./split-map.ts";

/** A list of places for each user, newest first. */
export interface UserLists {
  first(userKey: string): number;
  /** Returns all places of a user. */
  all(userKey: string): number[];
  /** Puts a place on top, or behind those at the top for which `isOlderThan` returns true. */
  add(place: number, userKey: string, isOlderThan?: (other: number) => boolean): void;
  remove(place: number, userKey: string): void;
}

/** Several lists can share their links if no place is in two of them. */
export function createUserLists({ after, before, join }: Links): UserLists {
  const heads = createSplitMap(Number.POSITIVE_INFINITY);
  const first = (userKey: string) => heads(userKey).get(userKey) ?? NOWHERE;
  return {
    first,
    all(userKey) {
      const places: number[] = [];
      for (let place = first(userKey); place; place = after(place)) places.push(place);
      return places;
    },
    add(place, userKey, isOlderThan) {
      let newer = NOWHERE;
      let older = first(userKey);
      // The clocks of several managers differ a little, so the place is near the top.
      for (; older && isOlderThan?.(older); older = after(older)) newer = older;
      join(place, older);
      join(newer, place);
      if (!newer) heads(userKey).set(userKey, place);
    },
    remove(place, userKey) {
      const newer = before(place);
      const older = after(place);
      join(newer, older);
      if (newer) return;
      if (older) heads(userKey).set(userKey, older);
      else heads(userKey).delete(userKey);
    },
  };
}
