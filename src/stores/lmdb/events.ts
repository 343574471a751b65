import { EVENTS_KEPT_FOR } from "../shared/push-messages.ts";
import type { LmdbDatabase } from "./client.ts";
import { byNumber, type Key, parseNumber } from "./keys.ts";

/** Returns the number of the latest event, or 0. */
export function latestNumber(events: LmdbDatabase): number {
  const [key]: Iterable<Key> = events.getKeys({ reverse: true, limit: 1 });
  return key ? parseNumber(key) : 0;
}

/** Records events in the current transaction. Their numbers have no gaps. */
export function recordEvents(events: LmdbDatabase, messages: readonly string[]): void {
  let number = latestNumber(events);
  for (const message of messages) {
    number += 1;
    events.putSync(byNumber(number), `${Date.now()} ${message}`);
  }
}

/** Returns the message of an event. */
export function readMessage(events: LmdbDatabase, number: number): string {
  const text = String(events.get(byNumber(number)));
  return text.slice(text.indexOf(" ") + 1);
}

/**
 * Removes up to `limit` old events in the current transaction, and returns how many. The newest of the old ones stays: a
 * thread that has read it then knows that it has missed none.
 */
export function removeOldEvents(events: LmdbDatabase, limit: number): number {
  const before = Date.now() - EVENTS_KEPT_FOR * 1_000;
  const keys: Iterable<Key> = events.getKeys({ limit: Math.trunc(limit) + 1 });
  // Read all keys before the first event is removed.
  const old = [...keys].filter((key) => Number.parseInt(String(events.get(key)), 10) < before);
  for (const key of old.slice(0, -1)) events.removeSync(key);
  return Math.max(0, old.length - 1);
}
