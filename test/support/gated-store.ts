import type { Store } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";

type Method = Exclude<
  keyof Store,
  "deleteExpired" | "onExpired" | "deleteCreatedBefore" | "fetchByLink" | "close"
>;

/** The memory store with gates: an operation can be held before it begins, so that a race is forced and not hoped for. */
export class GatedStore implements Store {
  readonly #store = memoryStore();
  readonly #gates = new Map<Method, Gate[]>();
  /** Every call, in order. */
  readonly calls: Method[] = [];

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
  deleteCreatedBefore: NonNullable<Store["deleteCreatedBefore"]> = (...given) =>
    this.#store.deleteCreatedBefore?.(...given) ?? nothing();
  fetchByLink: NonNullable<Store["fetchByLink"]> = async (...given) =>
    (await this.#store.fetchByLink?.(...given)) ?? [];
  deleteExpired: NonNullable<Store["deleteExpired"]> = async (...given) =>
    (await this.#store.deleteExpired?.(...given)) ?? 0;
  onExpired: NonNullable<Store["onExpired"]> = (listener) =>
    this.#store.onExpired?.(listener) ?? (() => undefined);
  close: NonNullable<Store["close"]> = async () => this.#store.close?.();

  /** Holds the next call of that method until it is let through. */
  hold(method: Method): Gate {
    const gate = new Gate();
    this.#gates.set(method, [...(this.#gates.get(method) ?? []), gate]);
    return gate;
  }

  /** Fails the next call of that method, which then does nothing. */
  fail(method: Method, error: Error = new Error("connection reset")): void {
    this.hold(method).open(error);
  }

  async #through<Answer>(method: Method, ask: () => Promise<Answer>): Promise<Answer> {
    this.calls.push(method);
    const gate = this.#gates.get(method)?.shift();
    if (gate) await gate.pass();
    // Without `await`, workerd takes a rejection that is adopted late for one that nobody handles.
    return await ask();
  }
}

async function* nothing(): AsyncGenerator<readonly string[], void> {}

class Gate {
  #arrive: () => void = () => {};
  #open: (error?: Error) => void = () => {};
  /** Settles when a call has come to the gate. */
  readonly arrived = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });
  readonly #opened = new Promise<void>((resolve, reject) => {
    this.#open = (error) => (error ? reject(error) : resolve());
  });

  constructor() {
    // Whoever opens it with an error before anybody came has told nobody yet.
    this.#opened.catch(() => undefined);
  }

  open(error?: Error): void {
    this.#open(error);
  }

  async pass(): Promise<void> {
    this.#arrive();
    await this.#opened;
  }
}
