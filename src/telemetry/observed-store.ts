import type { MaybePromise, SessionRecord, Store } from "../store.ts";

/** Observes one call of the store's engine. `operation` is the name of the method. @internal */
export type ObserveCall = <Result>(operation: StoreOperation, call: () => Result) => Result;

/** The methods of a store that ask its engine and return a promise. */
const CALLS = {
  create: true,
  fetchByIds: true,
  fetchByUserKey: true,
  update: true,
  deleteById: true,
  deleteByUserKey: true,
  fetchByLink: true,
  deleteTombstones: true,
  scan: true,
  count: true,
  inspect: true,
  deleteExpired: true,
} as const satisfies Readonly<Record<Exclude<keyof Store, StoreMember>, true>>;

/** The other members of a store. */
type StoreMember =
  | "maxStaleness"
  | "audit"
  | "fetchById"
  | "deleteCreatedBefore"
  | "onExpired"
  | "subscribe"
  | "close";

/** The name of a method that is observed. @internal */
export type StoreOperation = keyof typeof CALLS | "fetchById" | "deleteCreatedBefore";

type Method = (...args: readonly unknown[]) => unknown;

/** The methods of `sessionup/cache` that tell whether a call asks the engine. */
interface CacheLike {
  holds?(id: string): boolean;
}

/**
 * Returns a store that passes every call on, and observes those that ask the engine. It has the abilities of the store, no
 * others, and answers synchronously where the store does. Records that a cache holds are not observed.
 *
 * @internal
 */
export function observeStore(store: Store, observe: ObserveCall): Store {
  const given = store as unknown as Readonly<Record<string, Method | undefined>>;
  const { maxStaleness, audit } = store;
  const { holds } = store as CacheLike;
  const observed: Record<string, unknown> = {
    ...(maxStaleness !== undefined && { maxStaleness }),
    ...(audit && { audit }),
  };
  for (const name of Object.keys(CALLS) as (keyof typeof CALLS)[])
    if (given[name]) observed[name] = (...args: unknown[]) => observe(name, () => given[name]?.(...args));
  for (const name of ["onExpired", "subscribe", "close"])
    if (given[name]) observed[name] = (...args: unknown[]) => given[name]?.(...args);
  observed.fetchById = (id: string): MaybePromise<SessionRecord | undefined> =>
    holds?.call(store, id) ? store.fetchById(id) : observe("fetchById", () => store.fetchById(id));
  if (given.deleteCreatedBefore)
    observed.deleteCreatedBefore = (...args: unknown[]) =>
      observeSteps(given.deleteCreatedBefore?.(...args) as AsyncIterable<readonly string[]>, observe);
  return observed as unknown as Store;
}

/** Observes each step of an iteration. */
async function* observeSteps(
  steps: AsyncIterable<readonly string[]>,
  observe: ObserveCall,
): AsyncGenerator<readonly string[], void> {
  const iterator = steps[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await observe("deleteCreatedBefore", () => iterator.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await iterator.return?.();
  }
}
