import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { areHashesEqual } from "../rules/are-hashes-equal.ts";

/** The purpose of a signature. A signature for one purpose is invalid for every other one. */
export type SigningPurpose = "address" | "device" | "dpop" | "form" | "revocation";

/** Signs texts that clients hold, and verifies them when a client presents them, with HMAC-SHA-256 (RFC 2104). */
export class Signer {
  /** `sessionup/pocket` derives its keys from these. A printed `KeyObject` shows no key. @internal */
  readonly keys: readonly KeyObject[];
  readonly #cookieBase: string;

  /** The first key signs, all keys verify. Signatures of a manager with another `cookieBase` are invalid. */
  constructor(keys: readonly string[], cookieBase: string) {
    this.keys = keys.map((key) => createSecretKey(key, "utf8"));
    this.#cookieBase = cookieBase;
  }

  /** Returns the signature: 64 hexadecimal digits. */
  sign(purpose: SigningPurpose, text: string, key: KeyObject = this.keys[0] as KeyObject): string {
    // Sessions store this signature, which must stay valid when the app renames the cookie.
    const scope = purpose === "address" ? "*" : this.#cookieBase;
    // Neither a purpose nor a cookie name contains a space, so two different inputs never give the same text.
    return createHmac("sha256", key).update(`sessionup ${purpose} ${scope} ${text}`).digest("hex");
  }

  /** Whether any of the keys made the signature for the text. The time does not depend on where the signature differs. */
  verifies(purpose: SigningPurpose, text: string, signature: string): boolean {
    return this.keys.some((key) => areHashesEqual(this.sign(purpose, text, key), signature));
  }
}

/** Returns a function that tells whether a stored hash is that of a network. Without keys, no hash matches. @internal */
export function createNetworkMatcher(signer: Signer | undefined): (network: string, hash: string) => boolean {
  return (network, hash) => signer?.verifies("address", network, hash) ?? false;
}
