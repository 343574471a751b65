import { scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify<string, string, number, Buffer>(scrypt);

/** Compares a password with a hash such as `salt:key`. */
export async function checkPassword(password: string, hash: string): Promise<boolean> {
  const [salt = "", key = ""] = hash.split(":");
  return timingSafeEqual(await derive(password, salt, 32), Buffer.from(key, "hex"));
}

export async function hashPassword(password: string, salt: string): Promise<string> {
  return `${salt}:${(await derive(password, salt, 32)).toString("hex")}`;
}
