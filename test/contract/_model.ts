import assert from "node:assert/strict";
import fc from "fast-check";
import { SessionError, type SessionRecord, type Store } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { describe, it } from "vitest";
import { DAY } from "../support/record.ts";
import { type Question, type Step, step, toQuestion, type World } from "./_model-steps.ts";
import { marked, newMark, userKey } from "./arbitraries.ts";
import { type Backend, openStores } from "./backend.ts";

/** The number of random sequences. `MODEL_RUNS` sets more for a long run. */
const RUNS = Number(process.env.MODEL_RUNS ?? 30);

/** Never moves backwards between runs, because a store's cleanup depends on the latest reported time. */
let clock = Date.UTC(2026, 0, 1, 12);

/**
 * Compares the answers of a store, used through two clients, with those of the memory store after random steps. The only
 * allowed difference: an expired record may be gone already, because engines remove those at any time.
 */
export function modelTests(backend: Backend): void {
  describe("model", () => {
    const stores = openStores(backend, 2);

    it(`answers like the memory store in ${RUNS} random sequences of up to 40 steps by 2 clients`, async () => {
      const steps = fc.array(step, { minLength: 1, maxLength: 40, size: "max" });
      const property = fc.asyncProperty(userKey, steps, (key, steps) => new Run(stores(), key).run(steps));
      await fc.assert(property, {
        numRuns: RUNS,
        interruptAfterTimeLimit: 60_000,
        markInterruptAsFailure: true,
      });
    }, 90_000);
  });
}

/** One sequence. Its users and ids are unique, because all sequences share a database. */
class Run implements World {
  readonly mark: string = newMark();
  readonly users: readonly string[];
  readonly created: SessionRecord[] = [];
  now: number;
  readonly #stores: readonly Store[];
  readonly #reference = memoryStore();

  constructor(stores: readonly Store[], key: string) {
    this.#stores = stores;
    const own = marked(key, this.mark);
    const otherCase = marked(key, this.mark.toLowerCase());
    this.users = [own, `${own} `, otherCase, `${own}\u0000`];
    clock += DAY;
    this.now = clock;
  }

  async current(id: string): Promise<SessionRecord | undefined> {
    return this.#reference.fetchById(id);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.do === "wait") this.now += step.milliseconds;
      else if (step.do === "sweep") await this.#sweep(step.client, step.limit);
      else await this.#compare(await toQuestion(step, this));
    }
    clock = this.now;
    await this.#compareAll();
    await this.#endAll();
  }

  async #compare(question: Question | undefined): Promise<void> {
    if (!question) return;
    const { client, ask, reads, ends, again } = question;
    const store = this.#store(client);
    if (ends) await this.#forgetRemoved(store);
    // An id can be reused once its expired record is gone. The stores are comparable only while the record exists.
    if (again !== undefined && (await store.fetchById(again)) === undefined) return;
    const actual = await settle(ask(store));
    const expected = await settle(ask(this.#reference));
    // Closing stops the reference's cleanup. It keeps expired records, so that a missing one differs from a wrong one.
    await this.#reference.close?.();
    assert.deepEqual(actual, reads ? this.#without(expected, actual) : expected);
  }

  /** Removes expired records from the expected outcome that are missing from the actual one. */
  #without(expected: Outcome, actual: Outcome): Outcome {
    const records = (outcome: Outcome) =>
      "value" in outcome && Array.isArray(outcome.value) ? outcome.value : [];
    const found = records(actual);
    return {
      value: records(expected).map((record: SessionRecord | undefined, index) =>
        found[index] === undefined && record && record.expiresAt <= this.now ? undefined : record,
      ),
    };
  }

  /** Removes expired sessions from the reference that the store has removed, so that neither store returns them. */
  async #forgetRemoved(store: Store): Promise<void> {
    const found = await store.fetchByIds(this.created.map(({ id }) => id));
    for (const [index, { id }] of this.created.entries()) {
      const known = await this.#reference.fetchById(id);
      if (found[index] || !known || known.expiresAt > this.now) continue;
      await this.#reference.deleteById(id, { reason: "expired", now: this.now });
    }
  }

  async #sweep(client: number, limit: number): Promise<void> {
    const store = this.#store(client);
    if (!store.deleteExpired) return;
    const removed = await store.deleteExpired(this.now, limit);
    assert.ok(
      Number.isInteger(removed) && removed >= 0 && removed <= limit,
      `deleteExpired removed ${removed} with the limit ${limit}`,
    );
  }

  /** Compares all records and lists through each client. */
  async #compareAll(): Promise<void> {
    const ids = this.created.map(({ id }) => id);
    for (const [client] of this.#stores.entries()) {
      await this.#compare({ client, ask: (store) => store.fetchByIds(ids), reads: true });
      for (const userKey of this.users)
        await this.#compare({ client, ask: (store) => fetchPages(store, userKey, this.now) });
    }
  }

  /** Ends all sessions, so that sequences do not affect each other and the database stays small. */
  async #endAll(): Promise<void> {
    const end = { reason: "revoked", now: this.now } as const;
    for (const userKey of this.users)
      await this.#compare({
        client: 0,
        ends: true,
        ask: async (store) => [...(await store.deleteByUserKey(userKey, end))].sort(),
      });
    for (const [client] of this.#stores.entries())
      for (const userKey of this.users)
        await this.#compare({ client, ask: (store) => fetchPages(store, userKey, this.now) });
  }

  #store(client: number): Store {
    const store = this.#stores[client];
    assert.ok(store);
    return store;
  }
}

type Outcome = { readonly value: unknown } | { readonly code: string };

/** Returns the answer or the error code. Rejects when the engine fails. */
async function settle(answer: Promise<unknown>): Promise<Outcome> {
  try {
    return { value: await answer };
  } catch (error) {
    if (SessionError.is(error) && error.code !== "ERR_STORE") return { code: error.code };
    throw error;
  }
}

/** Fetches all sessions of a user in pages of two. */
async function fetchPages(store: Store, userKey: string, now: number): Promise<readonly SessionRecord[]> {
  const records: SessionRecord[] = [];
  for (;;) {
    const before = records.at(-1);
    const page = await store.fetchByUserKey(userKey, { now, limit: 2, ...(before && { before }) });
    records.push(...page);
    if (page.length < 2) return records;
  }
}
