/** So many places are made at a time: no insert waits until a long array has been copied into a longer one. */
export const BITS = 10;
export const PLACES: number = 1 << BITS;
/** Of a place: which of its chunk it is. */
export const WITHIN: number = PLACES - 1;

/** The place of no record. */
export const NOWHERE = 0;

/** Some whole numbers for each place of a table, such as its neighbours' places: four bytes each, outside the heap. */
export class Links {
  readonly #width: number;
  readonly #chunks: Int32Array[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  /** 0 where nothing was set. */
  get(place: number, field: number): number {
    const chunk = this.#chunks[place >> BITS];
    return chunk?.[(place & WITHIN) * this.#width + field] ?? 0;
  }

  set(place: number, field: number, value: number): void {
    const which = place >> BITS;
    while (this.#chunks.length <= which) this.#chunks.push(new Int32Array(PLACES * this.#width));
    const chunk = this.#chunks[which];
    if (chunk) chunk[(place & WITHIN) * this.#width + field] = value;
  }
}

const AFTER = 0;
const BEFORE = 1;

/** Places in rows: each knows those beside it, so that one is taken out of very many as quickly as the only one. */
export class Rows {
  readonly #links = new Links(2);

  after(place: number): number {
    return this.#links.get(place, AFTER);
  }

  before(place: number): number {
    return this.#links.get(place, BEFORE);
  }

  /** Puts them beside each other; `NOWHERE` for the end of a row. */
  join(before: number, after: number): void {
    if (before !== NOWHERE) this.#links.set(before, AFTER, after);
    if (after !== NOWHERE) this.#links.set(after, BEFORE, before);
  }
}
