import type { SessionRecord } from "../../store.ts";

type Waiting<Found> = {
  readonly id: string;
  resolve(found: Found): void;
  reject(error: unknown): void;
};

/** More ids than this are split over several queries: every engine limits the number of parameters. */
const MAX_IDS = 500;

/**
 * Sends the lookups of one turn of the event loop as one query. Under load a server reads many requests in a turn, and a query
 * costs more than the ids in it.
 */
export class Lookups<Found = SessionRecord | undefined> {
  readonly #fetchByIds: (ids: readonly string[]) => Promise<readonly Found[]>;
  #waiting: Waiting<Found>[] = [];

  /** @param fetchByIds  returns one result for each id, in the order of the ids */
  constructor(fetchByIds: (ids: readonly string[]) => Promise<readonly Found[]>) {
    this.#fetchByIds = fetchByIds;
  }

  fetch(id: string): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ id, resolve, reject }) === 1) atEndOfTurn(() => this.#send());
    });
  }

  #send(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < waiting.length; from += MAX_IDS)
      this.#fetchAll(waiting.slice(from, from + MAX_IDS));
  }

  async #fetchAll(waiting: readonly Waiting<Found>[]): Promise<void> {
    try {
      const found = await this.#fetchByIds(waiting.map(({ id }) => id));
      for (const [index, { resolve }] of waiting.entries()) resolve(found[index] as Found);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}

/** Calls back after all requests that arrived in this turn have been handled. Edge runtimes have no such moment. */
function atEndOfTurn(callback: () => void): void {
  if (typeof setImmediate === "function") setImmediate(callback);
  else queueMicrotask(callback);
}
