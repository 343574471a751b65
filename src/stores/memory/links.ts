/** The place of no record. Places are numbered from 1. */
export const NOWHERE = 0;

/** Memory is taken for 1 024 places at a time: no insert waits until a long array has been copied into a longer one. */
export const BITS = 10;
export const PAGE: number = 1 << BITS;
/** `place & WITHIN` is the position of a place within its page. */
export const WITHIN: number = PAGE - 1;

/** The neighbours of places in doubly linked lists: eight bytes for each place, outside the heap. */
export interface Links {
  after(place: number): number;
  before(place: number): number;
  /** Makes two places neighbours. `NOWHERE` or a negative number stands for the end of a list. */
  join(before: number, after: number): void;
}

export function createLinks(): Links {
  const pages: Int32Array[] = [];
  const get = (place: number, side: number) => pages[place >> BITS]?.[2 * (place & WITHIN) + side] ?? NOWHERE;
  const set = (place: number, side: number, neighbour: number) => {
    if (place < 0) return;
    while (pages.length <= place >> BITS) pages.push(new Int32Array(2 * PAGE));
    const page = pages[place >> BITS];
    if (page) page[2 * (place & WITHIN) + side] = neighbour;
  };
  return {
    after: (place) => get(place, 0),
    before: (place) => get(place, 1),
    join(before, after) {
      set(before, 0, after);
      set(after, 1, before);
    },
  };
}
