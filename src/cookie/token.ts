import { hash, randomFillSync } from "node:crypto";
import type { SessionId } from "../session.ts";

declare const brand: unique symbol;

/** What proves the holder of a session: only ever in the cookie. */
export type Secret = string & { readonly [brand]: "Secret" };

/** The cookie's value, `id.secret`, taken apart. */
export interface Token {
  readonly id: SessionId;
  readonly secret: Secret;
}

/** Lengths in characters of `[0-9A-Za-z]`, 5.95 bits each. The two of the shard come before any id. */
export const TOKEN_LENGTH = {
  shard: 2,
  id: { default: 20, min: 17, max: 64 },
  root: 22,
  turn: { default: 43, min: 22, max: 128 },
} as const;

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const pool = new Uint8Array(4_096);
let used = pool.length;

/** Random text of `[0-9A-Za-z]`, every character equally likely. */
export function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const byte = pool[used] ?? 0;
    // What has become part of a secret is not left behind in the pool.
    pool[used++] = 0;
    // 248 is the last multiple of 62: taking more would favour the first letters.
    if (byte < 248) text += ALPHABET.charAt(byte % 62);
  }
  return text;
}

const ALPHANUMERIC = new Uint8Array(128);
for (let index = 0; index < ALPHABET.length; index++) ALPHANUMERIC[ALPHABET.charCodeAt(index)] = 1;

/** Whether every character from there to there is one of `[0-9A-Za-z]`. A table: a third of the cost of comparing. */
export function isAlphanumeric(text: string, from = 0, to: number = text.length): boolean {
  for (let index = from; index < to; index++) if (ALPHANUMERIC[text.charCodeAt(index)] !== 1) return false;
  return true;
}

const ID_LEAST = TOKEN_LENGTH.shard + TOKEN_LENGTH.id.min;
const ID_MOST = TOKEN_LENGTH.shard + TOKEN_LENGTH.id.max;
const SECRET_LEAST = TOKEN_LENGTH.root + TOKEN_LENGTH.turn.min;
const SECRET_MOST = TOKEN_LENGTH.root + TOKEN_LENGTH.turn.max;

/** Whether this could be the id of a session: what could not is never asked of a store. */
export function isSessionId(text: string): text is SessionId {
  return text.length >= ID_LEAST && text.length <= ID_MOST && isAlphanumeric(text);
}

/**
 * Takes a cookie's value apart, which stands between `from` and `to` of a header; `undefined` for what cannot be a
 * token of ours. In place: a copy of the value would cost as much as all the rest of it.
 */
export function parseToken(text: string, from = 0, to: number = text.length): Token | undefined {
  const dot = text.indexOf(".", from);
  const idLength = dot - from;
  const secretLength = to - dot - 1;
  // Without a dot it is below zero.
  if (idLength < ID_LEAST || idLength > ID_MOST) return undefined;
  if (secretLength < SECRET_LEAST || secretLength > SECRET_MOST) return undefined;
  if (!isAlphanumeric(text, from, dot) || !isAlphanumeric(text, dot + 1, to)) return undefined;
  return { id: text.slice(from, dot) as SessionId, secret: text.slice(dot + 1, to) as Secret };
}

/** The cookie's value. */
export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`;
}

/** What a store keeps in place of a secret: SHA-256, in 43 characters of base64url. */
export function hashText(text: string): string {
  return hash("sha256", text, "base64url");
}

/**
 * What a store keeps in place of a secret's root: 132 bits of its hash. It lets nobody in: whoever has the root and no good
 * turn ends the session.
 */
export function hashRoot(secret: Secret): string {
  return hashText(getRoot(secret)).slice(0, 22);
}

/** The part of a secret that stays the same for the session's life. */
export function getRoot(secret: Secret): string {
  return secret.slice(0, TOKEN_LENGTH.root);
}

/** The secret that follows one: the same root, with a turn of the generator's. */
export function createNextSecret(secret: Secret, generateTurn: () => string): Secret {
  return (getRoot(secret) + generateTurn()) as Secret;
}

/** Compares two hashes in a time that depends on their length alone. */
export function areHashesEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}

/** What a token proves, hashed once and only when asked: the root is needed for stale secrets alone. */
export class TokenProof {
  readonly #token: Token;
  readonly secretHash: string;

  constructor(token: Token) {
    this.#token = token;
    this.secretHash = hashText(token.secret);
  }

  rootHash(): string {
    return hashRoot(this.#token.secret);
  }

  equal(a: string, b: string): boolean {
    return areHashesEqual(a, b);
  }
}
