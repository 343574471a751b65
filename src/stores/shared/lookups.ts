import type { SessionRecord } from "../../store.ts";

type Waiting<Found> = {
  readonly id: string;
  resolve(found: Found): void;
  reject(error: unknown): void;
};

/** More than that many in one question are asked in several: parameters have a limit everywhere. */
const MOST = 500;

/**
 * Lookups of one turn of the event loop, asked as one question: under load a server reads many requests in a turn, and
 * each question costs more than what is in it.
 */
export class Lookups<Found = SessionRecord | undefined> {
  readonly #fetchByIds: (ids: readonly string[]) => Promise<readonly Found[]>;
  #waiting: Waiting<Found>[] = [];

  /** What it answers has one for each of the ids, in their order. */
  constructor(fetchByIds: (ids: readonly string[]) => Promise<readonly Found[]>) {
    this.#fetchByIds = fetchByIds;
  }

  fetch(id: string): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ id, resolve, reject }) === 1) atEndOfTurn(() => this.#ask());
    });
  }

  #ask(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += MOST) this.#askFor(waiting.slice(from, from + MOST));
  }

  async #askFor(waiting: readonly Waiting<Found>[]): Promise<void> {
    try {
      const found = await this.#fetchByIds(waiting.map(({ id }) => id));
      for (const [index, { resolve }] of waiting.entries()) resolve(found[index] as Found);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

/** When all requests that have arrived in this turn have been looked at. Edge runtimes have no such moment. */
function atEndOfTurn(callback: () => void): void {
  if (typeof setImmediate === "function") setImmediate(callback);
  else queueMicrotask(callback);
}
