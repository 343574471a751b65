import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { areHashesEqual } from "../cookie/token.ts";

/** What a text is signed for: what is signed for one thing is nothing to another. */
export type SigningPurpose = "address" | "device" | "form" | "revocation";

/** Signs texts that leave the server and come back, with HMAC-SHA-256 (RFC 2104). */
export class Signer {
  readonly #keys: readonly KeyObject[];
  readonly #of: string;

  /** The first key signs, all verify. `of` is the cookie's base name: another manager's signatures are nothing to it. */
  constructor(keys: readonly string[], of: string) {
    this.#keys = keys.map((key) => createSecretKey(key, "utf8"));
    this.#of = of;
  }

  /** The signature: 64 hexadecimal digits. */
  sign(purpose: SigningPurpose, text: string): string {
    const [first] = this.#keys as readonly [KeyObject, ...KeyObject[]];
    return this.#signature(first, purpose, text);
  }

  /** Whether it is the text's, by any of the keys; in a time that does not depend on where it differs. */
  verifies(purpose: SigningPurpose, text: string, signature: string): boolean {
    let found = false;
    for (const key of this.#keys)
      if (areHashesEqual(this.#signature(key, purpose, text), signature)) found = true;
    return found;
  }

  #signature(key: KeyObject, purpose: SigningPurpose, text: string): string {
    // What is kept with a session has to outlive another name of the cookie.
    const of = purpose === "address" ? "*" : this.#of;
    // Neither a purpose nor a cookie's name has a blank in it: so no two of these begin alike.
    return createHmac("sha256", key).update(`sessionup ${purpose} ${of} ${text}`).digest("hex");
  }
}
