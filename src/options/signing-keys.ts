import { Signer } from "../signed/signer.ts";

/** What the option `keys` is, for the errors of what needs it. @internal */
export const KEYS = 'such as keys: [process.env.SESSION_KEY], which "openssl rand -base64 32" makes';
const SHORTEST_KEY = 32;

/** What signs, if the option `keys` is given: for the cookie of that name alone. Throws `TypeError`. @internal */
export function signerOf(keys: readonly string[] | undefined, of: string): Signer | undefined {
  if (keys === undefined) return undefined;
  if (!Array.isArray(keys) || keys.length === 0)
    throw new TypeError("keys: needs a list, the key that signs first, then those that were before");
  for (const key of keys) {
    if (typeof key !== "string" || new TextEncoder().encode(key).length < SHORTEST_KEY)
      throw new TypeError(
        `keys: needs texts of at least ${SHORTEST_KEY} bytes each, such as "openssl rand -base64 32" makes`,
      );
  }
  return new Signer(keys, of);
}
