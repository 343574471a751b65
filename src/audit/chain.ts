import { createHash, createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { randomText } from "../cookie/token.ts";
import type { AuditDraft, AuditEntry, AuditHead, AuditSubject } from "./entry.ts";

/** The length of a salt and of a chain's name: 190 and 119 bits. */
const SALT_LENGTH = 32;
const CHAIN_LENGTH = 20;

/** The keys of a trail. The first one makes hashes, all of them verify. @internal */
export interface TrailKeys {
  readonly first: string | undefined;
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Prepares keys. @internal */
export function toTrailKeys(keys: readonly string[] = []): TrailKeys {
  const all = keys.map((text) => {
    const key = createSecretKey(text, "utf8");
    return [createHmac("sha256", key).update("sessionup audit key").digest("hex").slice(0, 12), key] as const;
  });
  return { first: all[0]?.[0], byId: new Map(all) };
}

/** Returns the place before the first entry of a new chain. @internal */
export function createChain(): AuditHead {
  return { chain: randomText(CHAIN_LENGTH), seq: 0, hash: "" };
}

/** Appends an entry to a chain. The entry is the next head. @internal */
export function appendEntry(
  { chain, seq, hash: previous }: AuditHead,
  draft: AuditDraft,
  keys: TrailKeys,
): AuditEntry {
  const { subject: given, ...rest } = draft;
  const subject = given && { salt: randomText(SALT_LENGTH), ...given };
  const entry = {
    v: 1,
    chain,
    seq: seq + 1,
    ...rest,
    ...(subject && { subject, commitment: commitTo(subject) }),
    ...(keys.first !== undefined && { keyId: keys.first }),
    previous,
  } as const;
  return { ...entry, hash: hashEntry(entry, keys.byId.get(keys.first ?? "")) };
}

/** Returns the hash of a personal part. @internal */
export function commitTo(subject: AuditSubject): string {
  return createHash("sha256").update(toCanonicalJson(subject)).digest("base64url");
}

/** Returns the hash of an entry without its personal part: SHA-256, or HMAC-SHA-256 with a key. @internal */
export function hashEntry(entry: Omit<AuditEntry, "hash">, key: KeyObject | undefined): string {
  const { subject: _, pseudonym: __, hash: ___, ...hashed } = entry as AuditEntry;
  const text = toCanonicalJson(hashed);
  return (key ? createHmac("sha256", key) : createHash("sha256")).update(text).digest("base64url");
}

/** Returns JSON with sorted keys and without spaces (RFC 8785), so that equal values have equal texts. @internal */
export function toCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  // By UTF-16 code units, as the standard demands.
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toCanonicalJson(member)}`).join(",")}}`;
}
