/** A key of ordered bytes. */
export type Key = Uint8Array;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Before all of a user's keys: the length comes first, so that no user key is the beginning of another one's. */
function userPrefix(userKey: string): Key {
  const bytes = encoder.encode(userKey);
  const prefix = new Uint8Array(2 + bytes.length);
  new DataView(prefix.buffer).setUint16(0, bytes.length);
  prefix.set(bytes, 2);
  return prefix;
}

/** The order of a user's sessions: by time, then by id. */
export function byUserKey(userKey: string, createdAt: number, id: string): Key {
  return joined(userPrefix(userKey), timeBytes(createdAt), encoder.encode(id));
}

/** Where a user's keys begin, and where they have ended. */
export function rangeOfUser(userKey: string): { readonly first: Key; readonly end: Key } {
  const prefix = userPrefix(userKey);
  return { first: prefix, end: joined(prefix, Uint8Array.of(255)) };
}

/** Behind all users' sessions: no user key is so long that its length begins with this byte. */
const TOMBSTONES = Uint8Array.of(255);

/** The order of a user's tombstones: by the time at which the sessions ended. */
export function byEnd(userKey: string, endedAt: number, id: string): Key {
  return joined(TOMBSTONES, userPrefix(userKey), timeBytes(endedAt), encoder.encode(id));
}

/** Where a user's tombstones begin, and where they have ended. */
export function rangeOfTombstones(userKey: string): { readonly first: Key; readonly end: Key } {
  const { first, end } = rangeOfUser(userKey);
  return { first: joined(TOMBSTONES, first), end: joined(TOMBSTONES, end) };
}

/** All of a link are side by side. */
export function byLink(link: string, id: string): Key {
  return encoder.encode(`${link}\0${id}`);
}

/** Where a link's keys begin, and where they have ended. */
export function rangeOfLink(link: string): { readonly start: Key; readonly end: Key } {
  return { start: encoder.encode(`${link}\0`), end: encoder.encode(`${link}\x01`) };
}

/** The id at the end of such a key. */
export function idBehindLink(key: Key): string {
  return decoder.decode(key.subarray(key.indexOf(0) + 1));
}

/** The order in which sessions end. */
export function byDeadline(deadline: number, id: string): Key {
  return joined(timeBytes(deadline), encoder.encode(id));
}

/** Behind everything that has ended by then. */
export function endedBy(now: number): Key {
  return timeBytes(now + 1);
}

/** The id at the end of a key of either kind: behind what is before the time, and the time. */
export function idIn(key: Key, beforeTime = 0): string {
  return decoder.decode(key.subarray(beforeTime + 8));
}

/** Big-endian, so that later is greater. No time before 1970 is stored. */
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
