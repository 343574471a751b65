import type { TimeRange } from "../../store.ts";

/** A key of ordered bytes. */
export type Key = Uint8Array;

/** The beginning of all keys of a database. */
export const EVERY: Key = new Uint8Array(0);

const MAX_TIME = Number.MAX_SAFE_INTEGER;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the beginning of a user's keys. The length comes first, so that no user's keys begin with those of another user. */
function userPrefix(userKey: string): Key {
  const bytes = encoder.encode(userKey);
  const prefix = new Uint8Array(2 + bytes.length);
  new DataView(prefix.buffer).setUint16(0, bytes.length);
  prefix.set(bytes, 2);
  return prefix;
}

/** Returns the key of a session in its user's list, which sorts by time and then by id. */
export function byUserKey(userKey: string, createdAt: number, id: string): Key {
  return byTime(userPrefix(userKey), createdAt, id);
}

/** Returns the bounds of a user's keys. */
export function userRange(userKey: string): { readonly first: Key; readonly end: Key } {
  const prefix = userPrefix(userKey);
  return { first: prefix, end: joined(prefix, Uint8Array.of(255)) };
}

/** Sorts after the sessions of all users: no user key is long enough for its length to begin with this byte. */
const TOMBSTONES = Uint8Array.of(255);

/** Returns the key of a tombstone in its user's list, which sorts by the time at which the sessions ended. */
export function byEnd(userKey: string, endedAt: number, id: string): Key {
  return byTime(joined(TOMBSTONES, userPrefix(userKey)), endedAt, id);
}

/** Returns the bounds of the keys of a user's tombstones. */
export function tombstoneRange(userKey: string): { readonly first: Key; readonly end: Key } {
  const { first, end } = userRange(userKey);
  return { first: joined(TOMBSTONES, first), end: joined(TOMBSTONES, end) };
}

/** Returns the key of a session in the list of its link. */
export function byLink(link: string, id: string): Key {
  return encoder.encode(`${link}\0${id}`);
}

/** Returns the bounds of a link's keys. */
export function linkRange(link: string): { readonly start: Key; readonly end: Key } {
  return { start: encoder.encode(`${link}\0`), end: encoder.encode(`${link}\x01`) };
}

/** Returns the id at the end of a key of `byLink`. */
export function parseLinkedId(key: Key): string {
  return decoder.decode(key.subarray(key.indexOf(0) + 1));
}

/** Returns the key of a session in the order of deadlines. */
export function byDeadline(deadline: number, id: string): Key {
  return byTime(EVERY, deadline, id);
}

/** Returns the key after all deadlines up to `now`. */
export function endedBy(now: number): Key {
  return timeBytes(now + 1);
}

/** Sorts after all deadlines: no time is late enough for its bytes to begin with this one. */
const TAKEN = Uint8Array.of(255);

/** Returns the key of an expired session that a store has taken to report it. */
export function byTaken(takenAt: number, id: string): Key {
  return joined(TAKEN, timeBytes(takenAt), encoder.encode(id));
}

/** Returns the bounds of the keys of sessions that were taken up to that moment, or at any time. */
export function takenRange(until: number = MAX_TIME - 1): { readonly start: Key; readonly end: Key } {
  return { start: TAKEN, end: joined(TAKEN, timeBytes(until + 1)) };
}

/** Returns the id in a key of `byTaken`. */
export function parseTakenId(key: Key): string {
  return parseId(key, TAKEN.length);
}

/** Returns the key of a session in a list that sorts by time and then by id. `list` is the beginning of all its keys. */
export function byTime(list: Key, time: number, id: string): Key {
  return joined(list, timeBytes(time), encoder.encode(id));
}

/** Returns the bounds of the keys of a list with these times. Some keys outside of the range may be within the bounds. */
export function timeRange(
  list: Key,
  { from = 0, before = MAX_TIME }: TimeRange = {},
): { readonly first: Key; readonly end: Key } {
  // Times before 1970 are stored as 0.
  const end = Math.min(MAX_TIME, Math.max(1, Math.ceil(before)));
  const first = Math.min(MAX_TIME, Math.floor(from));
  return { first: joined(list, timeBytes(first)), end: joined(list, timeBytes(end)) };
}

/** Returns the time in a key of a list. */
export function parseTime(key: Key, list: Key): number {
  return Number(new DataView(key.buffer, key.byteOffset + list.length).getBigUint64(0));
}

/** Returns the id at the end of a key. Before it are a prefix of `beforeTime` bytes and the time. */
export function parseId(key: Key, beforeTime = 0): string {
  return decoder.decode(key.subarray(beforeTime + 8));
}

/** Returns the key of an event. */
export function byNumber(number: number): Key {
  return timeBytes(number);
}

/** Returns the number in a key of `byNumber`. */
export function parseNumber(key: Key): number {
  return parseTime(key, EVERY);
}

/** Returns a time as big-endian bytes, so that later times sort later. Times before 1970 become 0. */
function timeBytes(time: number): Key {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.max(0, time)));
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Key {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
