import { SessionError } from "../../errors.ts";
import type { Json } from "../../store.ts";

/** The JSON text of each value, by key. */
export type Texts = ReadonlyMap<string, string>;

/** The new JSON text of each changed key, or `undefined` for a deleted one. */
export type Changes = ReadonlyMap<string, string | undefined>;

/** Session data as metadata keeps it. */
export type SessionData = { readonly [key: string]: Json };

/** Returns the JSON of an object's properties. As in `JSON.stringify`, a function or `undefined` counts as absent. */
export function toTexts(data: object, isData: (key: string) => boolean): Texts {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(data)) {
    const text = isData(key) ? JSON.stringify(value) : undefined;
    if (text !== undefined) texts.set(key, text);
  }
  return texts;
}

/** Returns the differences between the data that a request found and the data that it leaves. */
export function findChanges(before: Texts, after: Texts): Changes {
  const changes = new Map<string, string | undefined>();
  for (const [key, text] of after) if (before.get(key) !== text) changes.set(key, text);
  for (const key of before.keys()) if (!after.has(key)) changes.set(key, undefined);
  return changes;
}

/** Returns the texts of data to which changes were applied. */
export function toAppliedTexts(before: Texts, changes: Changes): Texts {
  const after = new Map(before);
  for (const [key, text] of changes) {
    if (text === undefined) after.delete(key);
    else after.set(key, text);
  }
  return after;
}

/** Applies changes to the newest metadata, so that the keys that other requests have changed meanwhile stay. */
export function applyChanges(meta: unknown, changes: Changes): SessionData {
  const data = new Map(Object.entries(requireObject(meta)));
  for (const [key, text] of changes) {
    if (text === undefined) data.delete(key);
    else data.set(key, JSON.parse(text) as Json);
  }
  // An assignment to a key such as `__proto__` would change the prototype.
  return Object.fromEntries(data);
}

/** Throws `ERR_META_INVALID` if the manager's schema would silently drop one of the changed keys. */
export function checkKept(changes: Changes, output: unknown): void {
  for (const [key, text] of changes) {
    if (text !== undefined && !Object.hasOwn(Object(output), key))
      throw new SessionError(
        "ERR_META_INVALID",
        `The manager's option meta drops req.session.${key}. Add the key to its schema.`,
      );
  }
}

/** Returns metadata as an object. A session without metadata has no data. */
export function requireObject(meta: unknown): SessionData {
  if (meta === undefined || meta === null) return {};
  if (typeof meta === "object" && !Array.isArray(meta)) return meta as SessionData;
  throw new SessionError("ERR_META_INVALID", "req.session requires metadata that is an object.");
}
