import type { MaybePromise, Store, StoreListener } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { Gate } from "./gate.ts";

type Method = Exclude<
  keyof Store,
  | "deleteExpired"
  | "onExpired"
  | "deleteCreatedBefore"
  | "fetchByLink"
  | "scan"
  | "count"
  | "inspect"
  | "deleteTombstones"
  | "close"
>;

/** A memory store with gates. A gate holds an operation before it begins, so that a test can force a race. */
export class GatedStore implements Store {
  readonly #store = memoryStore();
  readonly #gates = new Map<Method, Gate[]>();
  readonly #listeners = new Set<StoreListener>();
  /** All calls, in order. */
  readonly calls: Method[] = [];
  /** Whether the events of `subscribe` are lost. */
  losesEvents = false;

  create: Store["create"] = (...given) => this.#through("create", () => this.#store.create(...given));
  fetchById: Store["fetchById"] = (...given) =>
    this.#through("fetchById", () => this.#store.fetchById(...given));
  fetchByIds: Store["fetchByIds"] = (...given) =>
    this.#through("fetchByIds", () => this.#store.fetchByIds(...given));
  fetchByUserKey: Store["fetchByUserKey"] = (...given) =>
    this.#through("fetchByUserKey", () => this.#store.fetchByUserKey(...given));
  update: Store["update"] = (...given) => this.#through("update", () => this.#store.update(...given));
  deleteById: Store["deleteById"] = (...given) =>
    this.#through("deleteById", () => this.#store.deleteById(...given));
  deleteByUserKey: Store["deleteByUserKey"] = (...given) =>
    this.#through("deleteByUserKey", () => this.#store.deleteByUserKey(...given));
  scan: NonNullable<Store["scan"]> = async (...given) =>
    (await this.#store.scan?.(...given)) ?? { records: [] };
  deleteTombstones: NonNullable<Store["deleteTombstones"]> = async (...given) =>
    (await this.#store.deleteTombstones?.(...given)) ?? 0;
  fetchByLink: NonNullable<Store["fetchByLink"]> = async (...given) =>
    (await this.#store.fetchByLink?.(...given)) ?? [];
  deleteExpired: NonNullable<Store["deleteExpired"]> = async (...given) =>
    (await this.#store.deleteExpired?.(...given)) ?? 0;
  onExpired: NonNullable<Store["onExpired"]> = (listener) =>
    this.#store.onExpired?.(listener) ?? (() => undefined);
  subscribe: NonNullable<Store["subscribe"]> = (listener) =>
    this.#through("subscribe", async () => {
      const own: StoreListener = {
        ended: (event) => void (this.losesEvents || listener.ended(event)),
        changed: (event) => void (this.losesEvents || listener.changed(event)),
        status: (up) => listener.status(up),
      };
      this.#listeners.add(own);
      const stop = await this.#store.subscribe?.(own);
      return async () => {
        this.#listeners.delete(own);
        await stop?.();
      };
    });
  close: NonNullable<Store["close"]> = async () => this.#store.close?.();

  /** The number of listeners of `subscribe`. */
  get listening(): number {
    return this.#listeners.size;
  }

  /** Tells the listeners of `subscribe` whether the channel is up. */
  report(up: boolean): void {
    for (const listener of this.#listeners) listener.status(up);
  }

  /** Holds the next call of a method until the gate is opened. */
  hold(method: Method): Gate {
    const gate = new Gate();
    this.#gates.set(method, [...(this.#gates.get(method) ?? []), gate]);
    return gate;
  }

  /** Makes the next call of a method fail before it does anything. */
  fail(method: Method, error: Error = new Error("connection reset")): void {
    this.hold(method).open(error);
  }

  async #through<Answer>(method: Method, ask: () => MaybePromise<Answer>): Promise<Answer> {
    this.calls.push(method);
    const gate = this.#gates.get(method)?.shift();
    if (gate) await gate.pass();
    // Without `await`, workerd reports a rejection that is adopted late as unhandled.
    return await ask();
  }
}
