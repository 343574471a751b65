import { randomBytes, randomUUID, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";

/** A snapshot of an account. */
export interface User {
  /** The user key of the sessions. Unlike a name, it never changes and is never reused. */
  readonly id: string;
  readonly name: string;
  /** Increases with each change of the password. */
  readonly passwordVersion: number;
}

interface Password {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** The accounts, in memory or in a file. Without a file, they are lost when the demo stops. */
export class Users {
  readonly #byId = new Map<string, User>();
  readonly #idByName = new Map<string, string>();
  readonly #passwords = new Map<string, Password>();
  readonly #dummyPassword: Promise<Password> = protect(randomUUID());
  readonly #file: string | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** Reads the file if there is one, and writes every change to it. One process at a time can use a file. */
  constructor(file?: string) {
    this.#file = file;
    for (const { salt, hash, ...user } of file ? readAccounts(file) : []) {
      this.#keep(user, { salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") });
    }
  }

  find(id: string): User | undefined {
    return this.#byId.get(id);
  }

  /** Creates an account. Returns `undefined` when the name is taken. */
  async register(name: string, password: string): Promise<User | undefined> {
    const protectedPassword = await protect(password);
    if (this.#idByName.has(normalizeName(name))) return undefined;
    const user: User = { id: randomUUID(), name, passwordVersion: 1 };
    this.#keep(user, protectedPassword);
    await this.#write();
    return user;
  }

  /** Returns the user with this name and password. Takes as long for an unknown name, so that timing reveals no names. */
  async check(name: string, password: string): Promise<User | undefined> {
    const user = this.#byId.get(this.#idByName.get(normalizeName(name)) ?? "");
    const stored = (user && this.#passwords.get(user.id)) ?? (await this.#dummyPassword);
    const matches = timingSafeEqual(await derive(password, stored.salt), stored.hash);
    return matches ? user : undefined;
  }

  /** Whether the password has not changed since `user` was read. */
  hasSamePassword(user: User): boolean {
    return this.#byId.get(user.id)?.passwordVersion === user.passwordVersion;
  }

  /** Changes the password. Returns false, and changes nothing, when it has already changed since `user` was read. */
  async changePassword(user: User, password: string): Promise<boolean> {
    const protectedPassword = await protect(password);
    if (!this.hasSamePassword(user)) return false;
    this.#keep({ ...user, passwordVersion: user.passwordVersion + 1 }, protectedPassword);
    await this.#write();
    return true;
  }

  #keep(user: User, password: Password): void {
    this.#byId.set(user.id, user);
    this.#idByName.set(normalizeName(user.name), user.id);
    this.#passwords.set(user.id, password);
  }

  /** Writes one version after another, each atomically: a crash leaves the previous file. */
  #write(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return Promise.resolve();
    const written = this.#writing.then(async () => {
      const accounts = [...this.#byId.values()].map((user): Account => {
        const { salt, hash } = this.#passwords.get(user.id) ?? { salt: randomBytes(0), hash: randomBytes(0) };
        return { ...user, salt: salt.toString("base64"), hash: hash.toString("base64") };
      });
      await writeFile(`${file}.new`, JSON.stringify(accounts), { mode: 0o600 });
      await rename(`${file}.new`, file);
    });
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

/** An account in the file. */
interface Account extends User {
  readonly salt: string;
  readonly hash: string;
}

function readAccounts(file: string): readonly Account[] {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

/** Normalises a name, so that "Ann" and "ann" are the same. */
function normalizeName(name: string): string {
  return name.normalize("NFKC").toLowerCase();
}

async function protect(password: string): Promise<Password> {
  const salt = randomBytes(16);
  return { salt, hash: await derive(password, salt) };
}

// One of OWASP's settings for scrypt: 16 MiB and about 0.2 s per attempt.
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 5 };

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, 32, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
