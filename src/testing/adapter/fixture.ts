import type { Manager } from "../../manager.ts";
import type { MaybePromise, Store } from "../../store.ts";
import { memoryStore } from "../../stores/memory.ts";
import type { ContractTest } from "../contract.ts";
import type { TestClock } from "../test-clock.ts";
import type { ContractClient } from "./client.ts";

/** An origin that the contract's manager trusts. */
export const TRUSTED_ORIGIN = "https://friend.example";

/** A running app, for one test. */
export interface AdapterFixture {
  readonly origin: string;
  readonly clock: TestClock;
  readonly store: SwitchableStore;
  readonly manager: Manager;
  /** Returns a client without cookies that sends these headers with each request. */
  client(headers?: Readonly<Record<string, string>>): ContractClient;
}

/** The tests of one concern of an adapter. */
export type AdapterTests = readonly ContractTest<AdapterFixture>[];

/** The memory store with a switch that makes it fail, one that lets it answer at once, and a count of its calls. */
export class SwitchableStore implements Store {
  readonly #store = memoryStore();
  down = false;
  /** Whether `fetchById` answers, or throws, without a promise. */
  answersAtOnce = false;
  calls = 0;

  create: Store["create"] = (...args) => this.#call(() => this.#store.create(...args));
  fetchById: Store["fetchById"] = (...args) => {
    const fetch = () => this.#store.fetchById(...args);
    return this.answersAtOnce ? this.#use(fetch) : this.#call(fetch);
  };
  fetchByIds: Store["fetchByIds"] = (...args) => this.#call(() => this.#store.fetchByIds(...args));
  fetchByUserKey: Store["fetchByUserKey"] = (...args) =>
    this.#call(() => this.#store.fetchByUserKey(...args));
  update: Store["update"] = (...args) => this.#call(() => this.#store.update(...args));
  deleteById: Store["deleteById"] = (...args) => this.#call(() => this.#store.deleteById(...args));
  deleteByUserKey: Store["deleteByUserKey"] = (...args) =>
    this.#call(() => this.#store.deleteByUserKey(...args));
  close = async (): Promise<void> => this.#store.close?.();

  async #call<Result>(operation: () => MaybePromise<Result>): Promise<Result> {
    return this.#use(operation);
  }

  #use<Result>(operation: () => Result): Result {
    this.calls++;
    if (this.down) throw new Error("connect ECONNREFUSED");
    return operation();
  }
}
