import { randomBytes, randomUUID, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

/** Replaced, never changed: who holds one can tell later whether it is still the same. */
export interface User {
  /** What sessions are begun with: unlike a name, it stays what it is and is never given to somebody else. */
  readonly id: string;
  readonly name: string;
  /** Goes up when the password changes. */
  readonly passwordVersion: number;
}

interface Password {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** The accounts, in memory: they are gone when the demo stops. */
export class Users {
  readonly #byId = new Map<string, User>();
  readonly #idByName = new Map<string, string>();
  readonly #passwords = new Map<string, Password>();
  readonly #nobodys: Promise<Password> = protect(randomUUID());

  find(id: string): User | undefined {
    return this.#byId.get(id);
  }

  /** A new account, or `undefined` when the name is taken. */
  async register(name: string, password: string): Promise<User | undefined> {
    const protectedPassword = await protect(password);
    if (this.#idByName.has(keyOf(name))) return undefined;
    const user: User = { id: randomUUID(), name, passwordVersion: 1 };
    this.#byId.set(user.id, user);
    this.#idByName.set(keyOf(name), user.id);
    this.#passwords.set(user.id, protectedPassword);
    return user;
  }

  /** The user with that name and password. Takes as long for a name that nobody has, so that it tells no names. */
  async check(name: string, password: string): Promise<User | undefined> {
    const user = this.#byId.get(this.#idByName.get(keyOf(name)) ?? "");
    const stored = (user && this.#passwords.get(user.id)) ?? (await this.#nobodys);
    const matches = timingSafeEqual(await derive(password, stored.salt), stored.hash);
    return matches ? user : undefined;
  }

  /** Whether this is still the user whose password was checked: not so when it has changed since. */
  isCurrent(user: User): boolean {
    return this.#byId.get(user.id) === user;
  }

  /** False when somebody else has changed it since `user` was checked; then it stays as it is. */
  async changePassword(user: User, password: string): Promise<boolean> {
    const protectedPassword = await protect(password);
    if (!this.isCurrent(user)) return false;
    this.#byId.set(user.id, { ...user, passwordVersion: user.passwordVersion + 1 });
    this.#passwords.set(user.id, protectedPassword);
    return true;
  }
}

/** One name, however it is typed: "Ann", "ann". */
function keyOf(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

async function protect(password: string): Promise<Password> {
  const salt = randomBytes(16);
  return { salt, hash: await derive(password, salt) };
}

// One of OWASP's settings for scrypt: 16 MiB and about 0.2 s for each guess.
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 5 };

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, 32, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
