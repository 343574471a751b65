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
