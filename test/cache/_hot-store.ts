import type { Store } from "sessionup";

/**
 * Returns a store that reads every session before each operation, and once more afterwards. Over a cache, each operation then
 * finds entries to drop and to change.
 */
export function hotStore(store: Store): Store {
  const ids = new Set<string>();
  const readAll = async () => {
    // The newest ones: most tests have fewer, and each round of a race creates at most six.
    for (const id of [...ids].slice(-10)) await store.fetchById(id);
  };
  const around = async <Answer>(operation: () => Promise<Answer>): Promise<Answer> => {
    await readAll();
    try {
      return await operation();
    } finally {
      await readAll();
    }
  };
  const { deleteCreatedBefore, deleteExpired, deleteTombstones, scan } = store;
  return {
    ...optional(store),
    create(record, options) {
      ids.add(record.id);
      return around(() => store.create(record, options));
    },
    fetchById: (id) => store.fetchById(id),
    fetchByIds: (given) => around(() => store.fetchByIds(given)),
    fetchByUserKey: (userKey, page) => around(() => store.fetchByUserKey(userKey, page)),
    update: (id, change, options) => around(() => store.update(id, change, options)),
    deleteById: (id, end, owner) => around(() => store.deleteById(id, end, owner)),
    deleteByUserKey: (userKey, end, except) => around(() => store.deleteByUserKey(userKey, end, except)),
    ...(deleteExpired && { deleteExpired: (now, limit) => around(() => deleteExpired(now, limit)) }),
    ...(deleteTombstones && { deleteTombstones: (userKey) => around(() => deleteTombstones(userKey)) }),
    ...(scan && { scan: (page) => around(() => scan(page)) }),
    ...(deleteCreatedBefore && {
      async *deleteCreatedBefore(createdAt, end) {
        await readAll();
        yield* deleteCreatedBefore(createdAt, end);
      },
    }),
  };
}

/** The optional operations that read and change no sessions. */
function optional(store: Store): Partial<Store> {
  return {
    ...(store.fetchByLink && { fetchByLink: store.fetchByLink.bind(store) }),
    ...(store.count && { count: store.count.bind(store) }),
    ...(store.inspect && { inspect: store.inspect.bind(store) }),
    ...(store.onExpired && { onExpired: store.onExpired.bind(store) }),
    ...(store.subscribe && { subscribe: store.subscribe.bind(store) }),
    ...(store.close && { close: store.close.bind(store) }),
  };
}
