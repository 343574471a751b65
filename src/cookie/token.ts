import { hash, randomFillSync } from "node:crypto";
import type { SecretProof } from "../rules/secret-proof.ts";
import type { SessionId } from "../session.ts";
import { ALPHABET } from "./alphabet.ts";

declare const brand: unique symbol;

/** The text that proves possession of a session. It exists only in the cookie. */
export type Secret = string & { readonly [brand]: "Secret" };

/** The parsed value of the cookie, `id.secret`. */
export interface Token {
  readonly id: SessionId;
  readonly secret: Secret;
}

/** Lengths in characters of `[0-9A-Za-z]`, 5.95 bits each. The shard stands before the generated id. */
export const TOKEN_LENGTH = {
  shard: 2,
  id: { default: 20, min: 17, max: 64 },
  root: 22,
  turn: { default: 43, min: 22, max: 128 },
} as const;

const pool = new Uint8Array(4_096);
let used = pool.length;

/** Returns random text of `[0-9A-Za-z]` in which every character is equally likely. */
export function randomText(length: number): string {
  let text = "";
  while (text.length < length) {
    if (used === pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    const byte = pool[used] ?? 0;
    // Bytes of a secret must not stay in memory.
    pool[used++] = 0;
    // 248 is the last multiple of 62 in a byte: higher values would favour the first characters.
    if (byte < 248) text += ALPHABET.charAt(byte % 62);
  }
  return text;
}

const ALPHANUMERIC = new Uint8Array(128);
for (let index = 0; index < ALPHABET.length; index++) ALPHANUMERIC[ALPHABET.charCodeAt(index)] = 1;

/** Whether every character in the range is one of `[0-9A-Za-z]`. A table costs a third of comparing. */
export function isAlphanumeric(text: string, from = 0, to: number = text.length): boolean {
  for (let index = from; index < to; index++) if (ALPHANUMERIC[text.charCodeAt(index)] !== 1) return false;
  return true;
}

const MIN_ID_LENGTH = TOKEN_LENGTH.shard + TOKEN_LENGTH.id.min;
const MAX_ID_LENGTH = TOKEN_LENGTH.shard + TOKEN_LENGTH.id.max;
const MIN_SECRET_LENGTH = TOKEN_LENGTH.root + TOKEN_LENGTH.turn.min;
const MAX_SECRET_LENGTH = TOKEN_LENGTH.root + TOKEN_LENGTH.turn.max;

/** Whether text has the form of a session id. Other text never reaches a store. */
export function isSessionId(text: string): text is SessionId {
  return text.length >= MIN_ID_LENGTH && text.length <= MAX_ID_LENGTH && isAlphanumeric(text);
}

/**
 * Parses the token between `from` and `to`. Returns `undefined` if it is malformed. Reads the header in place: a copy of
 * the value would double the cost.
 */
export function parseToken(text: string, from = 0, to: number = text.length): Token | undefined {
  const dot = text.indexOf(".", from);
  const idLength = dot - from;
  const secretLength = to - dot - 1;
  // Without a dot, idLength is negative.
  if (idLength < MIN_ID_LENGTH || idLength > MAX_ID_LENGTH) return undefined;
  if (secretLength < MIN_SECRET_LENGTH || secretLength > MAX_SECRET_LENGTH) return undefined;
  if (!isAlphanumeric(text, from, dot) || !isAlphanumeric(text, dot + 1, to)) return undefined;
  return { id: text.slice(from, dot) as SessionId, secret: text.slice(dot + 1, to) as Secret };
}

/** Returns the cookie's value. */
export function formatToken({ id, secret }: Token): string {
  return `${id}.${secret}`;
}

/** Returns the hash that a store keeps instead of a secret: SHA-256 in 43 characters of base64url. */
export function hashText(text: string): string {
  return hash("sha256", text, "base64url");
}

/**
 * Returns the hash that a store keeps instead of a secret's root: 132 bits. The root alone never authenticates a client:
 * presenting it with a wrong turn ends the session.
 */
export function hashRoot(secret: Secret): string {
  return hashText(getRoot(secret)).slice(0, 22);
}

/** Returns the part of a secret that stays the same for the session's life. */
export function getRoot(secret: Secret): string {
  return secret.slice(0, TOKEN_LENGTH.root);
}

/** Returns the next secret of a session: the same root with a new turn. */
export function createNextSecret(secret: Secret, generateTurn: () => string): Secret {
  return (getRoot(secret) + generateTurn()) as Secret;
}

/** Hashes the secret of a token. The root is hashed only on demand, because only old secrets need it. */
export function hashToken({ secret }: Token): SecretProof {
  return { secretHash: hashText(secret), rootHash: () => hashRoot(secret) };
}
