/** A key of ordered bytes. */
export type Key = Uint8Array;

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
  return joined(userPrefix(userKey), timeBytes(createdAt), encoder.encode(id));
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
  return joined(TOMBSTONES, userPrefix(userKey), timeBytes(endedAt), encoder.encode(id));
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
  return joined(timeBytes(deadline), encoder.encode(id));
}

/** Returns the key after all deadlines up to `now`. */
export function endedBy(now: number): Key {
  return timeBytes(now + 1);
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
  return Number(new DataView(key.buffer, key.byteOffset, key.length).getBigUint64(0));
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
