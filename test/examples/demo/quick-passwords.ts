import type { ScryptOptions } from "node:crypto";

type Crypto = typeof import("node:crypto");

/**
 * Returns node:crypto with the cheapest scrypt. The demo's passwords cost 0.2 s of CPU each, on purpose;
 * users.test.ts checks them at that price. For `vi.mock("node:crypto", …)`.
 */
export async function quickPasswords(original: () => Promise<Crypto>): Promise<object> {
  const crypto = await original();
  const scrypt = (
    password: string,
    salt: Buffer,
    length: number,
    _cost: ScryptOptions,
    done: (error: Error | null, key: Buffer) => void,
  ): void => crypto.scrypt(password, salt, length, { N: 2, r: 1, p: 1 }, done);
  return { ...crypto, scrypt };
}
