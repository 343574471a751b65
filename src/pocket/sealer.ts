import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from "node:crypto";
import { decodeAlphanumeric, encodeAlphanumeric } from "./alphanumeric.ts";

/** A sealed text that was opened. */
export interface OpenedText {
  readonly text: string;
  /** Differs for each sealed text. */
  readonly nonce: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

const CIPHER = "aes-256-gcm";
/** Of the format. It is authenticated, so that no other format opens as this one. */
const VERSION = 1;
/** Lengths in bytes. The head is the version, the salt, the IV and the expiry. */
const LENGTH = { version: 1, salt: 12, iv: 12, expiry: 6, tag: 16, key: 32 } as const;
/** In characters. Longer cookies are not ours, and browsers keep none. */
const MAX_SEALED = 4_096;
const EXPIRY_AT = LENGTH.version + LENGTH.salt + LENGTH.iv;
const HEAD = EXPIRY_AT + LENGTH.expiry;

/**
 * Seals texts that clients hold, with AES-256-GCM, so that a client can neither read nor change them. A sealed text has only
 * letters and digits, which web application firewalls leave alone.
 *
 * Each text has a key of its own, by HKDF-SHA-256 (RFC 5869) with a random salt. With one key for all texts, at most 2^32
 * random IVs would be allowed (NIST SP 800-38D section 8.3), and a client that asks for a page can have one sealed.
 */
export class Sealer {
  readonly #keys: readonly KeyObject[];
  readonly #scope: string;

  /** The first key seals, all keys open. Texts of a manager with another `cookieBase` do not open. */
  constructor(keys: readonly KeyObject[], cookieBase: string) {
    this.#keys = keys;
    // `Signer` uses the same keys for HMAC. This text separates the two uses (RFC 5869 section 3.2).
    this.#scope = `sessionup pocket ${cookieBase}`;
  }

  /** Returns a sealed text that opens under this label until `expiresAt`, in milliseconds since 1970. */
  seal(label: string, text: string, expiresAt: number): string {
    const head = Buffer.alloc(HEAD);
    head[0] = VERSION;
    randomBytes(LENGTH.salt + LENGTH.iv).copy(head, LENGTH.version);
    head.writeUIntBE(expiresAt, EXPIRY_AT, LENGTH.expiry);
    const [first] = this.#keys as readonly [KeyObject, ...KeyObject[]];
    const cipher = createCipheriv(CIPHER, this.#deriveKey(first, head), toIv(head), {
      authTagLength: LENGTH.tag,
    }).setAAD(this.#toContext(label, head));
    const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return encodeAlphanumeric(Buffer.concat([head, body, cipher.getAuthTag()]));
  }

  /** Opens a sealed text. Returns `undefined` if it is forged, expired, or sealed for something else. Never throws. */
  open(label: string, sealed: string, now: number): OpenedText | undefined {
    const bytes = sealed.length > MAX_SEALED ? undefined : decodeAlphanumeric(sealed);
    if (!bytes || bytes.length < HEAD + LENGTH.tag) return undefined;
    const head = bytes.subarray(0, HEAD);
    const expiresAt = head.readUIntBE(EXPIRY_AT, LENGTH.expiry);
    if (expiresAt <= now) return undefined;
    const context = this.#toContext(label, head);
    for (const key of this.#keys) {
      const text = decrypt(bytes, this.#deriveKey(key, head), context);
      if (text !== undefined)
        return { text, nonce: head.toString("base64url", LENGTH.version, EXPIRY_AT), expiresAt };
    }
    return undefined;
  }

  #deriveKey(key: KeyObject, head: Buffer): Buffer {
    const salt = head.subarray(LENGTH.version, LENGTH.version + LENGTH.salt);
    return Buffer.from(hkdfSync("sha256", key, salt, this.#scope, LENGTH.key));
  }

  /** Returns the data that the tag authenticates besides the text. Neither a label nor a cookie's name contains a space. */
  #toContext(label: string, head: Buffer): Buffer {
    return Buffer.concat([head, Buffer.from(`${this.#scope} ${label}`)]);
  }
}

function toIv(head: Buffer): Buffer {
  return head.subarray(LENGTH.version + LENGTH.salt, EXPIRY_AT);
}

function decrypt(bytes: Buffer, key: Buffer, context: Buffer): string | undefined {
  const tagAt = bytes.length - LENGTH.tag;
  const decipher = createDecipheriv(CIPHER, key, toIv(bytes), { authTagLength: LENGTH.tag })
    .setAAD(context)
    .setAuthTag(bytes.subarray(tagAt));
  const body = decipher.update(bytes.subarray(HEAD, tagAt));
  try {
    return Buffer.concat([body, decipher.final()]).toString();
  } catch {
    // The tag is wrong: another key sealed it, or it was changed.
    return undefined;
  }
}
