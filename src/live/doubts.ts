import { PAGE_SIZE } from "../lifecycle/repository.ts";
import type { SessionId } from "../session.ts";

/**
 * The sessions to ask the store about. One query runs at a time, about at most a thousand sessions; further sessions wait for
 * the next one.
 *
 * @internal
 */
export class Doubts {
  readonly #ask: (ids: readonly SessionId[]) => Promise<void>;
  readonly #ids = new Set<SessionId>();
  #isAsking = false;

  constructor(ask: (ids: readonly SessionId[]) => Promise<void>) {
    this.#ask = ask;
  }

  add(ids: Iterable<SessionId>): void {
    for (const id of ids) this.#ids.add(id);
    if (!this.#isAsking && this.#ids.size > 0) void this.#askAboutAll();
  }

  async #askAboutAll(): Promise<void> {
    this.#isAsking = true;
    let page: SessionId[] = [];
    try {
      // Sessions that come into doubt in the same turn share a query.
      await undefined;
      while (this.#ids.size > 0) {
        page = this.#takePage();
        await this.#ask(page);
      }
    } catch {
      // The manager has emitted the failure. The next call asks again.
      for (const id of page) this.#ids.add(id);
    } finally {
      this.#isAsking = false;
    }
  }

  #takePage(): SessionId[] {
    const page: SessionId[] = [];
    for (const id of this.#ids) {
      this.#ids.delete(id);
      if (page.push(id) === PAGE_SIZE) break;
    }
    return page;
  }
}
