import type { EndReason, SessionRecord, StoreListener } from "../../store.ts";

/**
 * Messages are JSON: `[reason, user key, ...ids]` of ended sessions, and `[revision, id]` of a changed one. Some engines
 * write the user key as hexadecimal UTF-8.
 */

/** Ids in one message, so that no message is very long: an id has at most 128 characters. */
const IDS_PER_MESSAGE = 100;

/**
 * How long a database keeps its events, in seconds. A process that reads them less often learns that it has missed some.
 */
export const EVENTS_KEPT_FOR = 60;

/** Returns the messages of one user's sessions that ended for one reason. */
export function toEndedMessages(reason: EndReason, userKey: string, ids: readonly string[]): string[] {
  const messages: string[] = [];
  for (let from = 0; from < ids.length; from += IDS_PER_MESSAGE)
    messages.push(JSON.stringify([reason, userKey, ...ids.slice(from, from + IDS_PER_MESSAGE)]));
  return messages;
}

/** Returns the ids of the sessions of each user. */
export function groupByUser(
  sessions: Iterable<Pick<SessionRecord, "id" | "userKey">>,
): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const { id, userKey } of sessions) {
    const ids = users.get(userKey);
    if (ids) ids.push(id);
    else users.set(userKey, [id]);
  }
  return users;
}

/** Returns the message of a session whose `data` was replaced. */
export function toChangedMessage(id: string, revision: number): string {
  return JSON.stringify([revision, id]);
}

/** Returns a user key that was written as hexadecimal UTF-8. */
export function decodeHex(text: string): string {
  return decodeURIComponent(text.replace(/../g, "%$&"));
}

/** Returns the call that delivers a message, or `undefined` for a message that is not the store's. */
export function toEvent(
  message: string,
  readUserKey: (text: string) => string,
): ((listener: StoreListener) => void) | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(message);
  } catch {
    return;
  }
  if (!Array.isArray(parts)) return;
  const [first, second, ...ids] = parts as readonly unknown[];
  if (typeof second !== "string") return;
  if (typeof first === "number") return (listener) => listener.changed({ id: second, revision: first });
  if (typeof first !== "string" || !ids.every((id) => typeof id === "string")) return;
  const event = { ids, userKey: readUserKey(second), reason: first as EndReason };
  return (listener) => listener.ended(event);
}
