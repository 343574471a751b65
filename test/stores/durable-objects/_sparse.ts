import type { SessionsNamespace } from "sessionup/stores/durable-objects";
import { SHARDS } from "../../../src/stores/shared/shard.ts";

/** The names of all objects that hold records, by namespace. */
const usedIn = new WeakMap<object, Set<string>>();

/**
 * Returns a namespace that has only the objects into which it writes itself. Every other object answers as an empty one does:
 * one that nothing ever used answers for all. A scan asks every object, and starting thousands of them takes minutes.
 */
export function sparse<Id>(namespace: SessionsNamespace<Id>): SessionsNamespace<string> {
  const everUsed = usedIn.get(namespace) ?? new Set();
  usedIn.set(namespace, everUsed);
  const used = new Set<string>();
  const empty = new Map<string, Promise<{ ok: boolean; status: number; value: unknown }>>();
  const getObject = (name: string) => namespace.get(namespace.idFromName(name));
  return {
    idFromName: (name) => name,
    get: (name) => ({
      async fetch(url, request) {
        const [method] = JSON.parse(request.body);
        if (method === "create" || method === "probe") for (const names of [used, everUsed]) names.add(name);
        if (used.has(name)) return getObject(name).fetch(url, request);
        const answer =
          empty.get(request.body) ??
          getObject(findUnused(everUsed))
            .fetch(url, request)
            .then(async (response) => ({
              ok: response.ok,
              status: response.status,
              value: await response.json(),
            }));
        empty.set(request.body, answer);
        const { ok, status, value } = await answer;
        return { ok, status, json: async () => structuredClone(value) };
      },
    }),
  };
}

/** Returns the name of an object that holds nothing. */
function findUnused(used: ReadonlySet<string>): string {
  const name = SHARDS.find((each) => !used.has(each));
  if (name === undefined) throw new Error("Every object has been used.");
  return name;
}
