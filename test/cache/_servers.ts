import assert from "node:assert/strict";
import type { Store, StoreListener } from "sessionup";
import { cached } from "sessionup/cache";
import { afterAll, beforeAll, describe, it, onTestFinished } from "vitest";
import { type Backend, openStores } from "../contract/backend.ts";
import { runContract } from "../contract/run-contract.ts";
import { createRecord, NOW } from "../support/record.ts";
import { hotStore } from "./_hot-store.ts";

const END = { reason: "revoked", now: NOW } as const;
const ROUNDS = 50;

/** Runs the store contract on a cache over a real database, and what a cache promises to two instances. */
export function cacheSuite(backend: Backend): void {
  describe(`cached × ${backend.store} × ${backend.client}`, () => {
    beforeAll(() => backend.start(), 300_000);
    afterAll(() => backend.stop(), 60_000);

    const create = async () => {
      const { store, close } = await backend.open();
      onTestFinished(close);
      return hotStore(cached(store));
    };
    runContract({ create, another: create, ...(backend.skip && { skip: backend.skip }) });

    describe("two instances", () => {
      const stores = openStores(backend, 2);

      it(`a session that one instance ends passes on neither, ${ROUNDS} times`, async () => {
        // An hour, so that only the event can be the reason.
        const [here, there] = stores().map((store) => cached(store, { maxAge: "1h" }));
        assert.ok(here && there);
        const heard = new Heard();
        await there.subscribe?.(heard);
        for (let round = 0; round < ROUNDS; round++) {
          const { id } = await createOn(here);
          await Promise.all([untilHit(here, id), untilHit(there, id)]);
          // Reads are under way on both while the session ends.
          const ending = here.deleteById(id, END);
          for (const store of [here, there]) void store.fetchById(id);
          await ending;
          assert.equal(await here.fetchById(id), undefined);
          await heard.event(id);
          assert.equal(await there.fetchById(id), undefined);
        }
      });

      it(`a change by one instance is read by both, ${ROUNDS} times`, async () => {
        const [here, there] = stores().map((store) => cached(store, { maxAge: "1h" }));
        assert.ok(here && there);
        const heard = new Heard();
        await there.subscribe?.(heard);
        for (let round = 0; round < ROUNDS; round++) {
          const { id } = await createOn(here);
          await Promise.all([untilHit(here, id), untilHit(there, id)]);
          const change = { data: { v: 1, round } };
          const changing: Promise<string> = here.update(id, change, { now: NOW, ifRevision: 0 });
          for (const store of [here, there]) void store.fetchById(id);
          assert.equal(await changing, "updated");
          assert.equal((await here.fetchById(id))?.revision, 1);
          await heard.event(id);
          assert.equal((await there.fetchById(id))?.revision, 1);
        }
      });
    });
  });
}

async function createOn(store: Store) {
  const record = createRecord();
  await store.create(record, { now: NOW });
  return record;
}

/** Reads until the cache answers by itself. */
async function untilHit(store: Store, id: string): Promise<void> {
  for (let count = 0; count < 1_000; count++) {
    const found = store.fetchById(id);
    if (!(found instanceof Promise)) return;
    await found;
    // The event of the session's own change may drop a read under way.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("the cache never answers by itself");
}

/** A listener that waits for the event of one session. */
class Heard implements StoreListener {
  readonly #ids = new Set<string>();
  #check: () => void = () => undefined;

  ended({ ids }: { readonly ids: readonly string[] }): void {
    for (const id of ids) this.#ids.add(id);
    this.#check();
  }

  changed({ id }: { readonly id: string }): void {
    this.#ids.add(id);
    this.#check();
  }

  status(): void {}

  event(id: string): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (this.#ids.has(id)) resolve();
      };
      this.#check();
    });
  }
}
