import { randomBytes, randomUUID, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";

/** An account as it was when it was read. */
export interface User {
  /** What sessions are begun with: unlike a name, it stays what it is and is never given to somebody else. */
  readonly id: string;
  readonly name: string;
  /** Goes up with each change of the password. */
  readonly passwordVersion: number;
}

interface Password {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** The accounts, in memory: they are gone when the demo stops, unless there is a file for them. */
export class Users {
  readonly #byId = new Map<string, User>();
  readonly #idByName = new Map<string, string>();
  readonly #passwords = new Map<string, Password>();
  readonly #nobodys: Promise<Password> = protect(randomUUID());
  readonly #file: string | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** With a file, what is in it is read, and every change is written to it: one demo at a time. */
  constructor(file?: string) {
    this.#file = file;
    for (const { salt, hash, ...user } of file ? accountsIn(file) : []) {
      this.#keep(user, { salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") });
    }
  }

  find(id: string): User | undefined {
    return this.#byId.get(id);
  }

  /** A new account, or `undefined` when the name is taken. */
  async register(name: string, password: string): Promise<User | undefined> {
    const protectedPassword = await protect(password);
    if (this.#idByName.has(keyOf(name))) return undefined;
    const user: User = { id: randomUUID(), name, passwordVersion: 1 };
    this.#keep(user, protectedPassword);
    await this.#write();
    return user;
  }

  /** The user with that name and password. Takes as long for a name that nobody has, so that it tells no names. */
  async check(name: string, password: string): Promise<User | undefined> {
    const user = this.#byId.get(this.#idByName.get(keyOf(name)) ?? "");
    const stored = (user && this.#passwords.get(user.id)) ?? (await this.#nobodys);
    const matches = timingSafeEqual(await derive(password, stored.salt), stored.hash);
    return matches ? user : undefined;
  }

  /** Whether the password is still the one it was when `user` was read. */
  hasSamePassword(user: User): boolean {
    return this.#byId.get(user.id)?.passwordVersion === user.passwordVersion;
  }

  /** False when it has changed since `user` was read; then it stays as it is. */
  async changePassword(user: User, password: string): Promise<boolean> {
    const protectedPassword = await protect(password);
    if (!this.hasSamePassword(user)) return false;
    this.#keep({ ...user, passwordVersion: user.passwordVersion + 1 }, protectedPassword);
    await this.#write();
    return true;
  }

  #keep(user: User, password: Password): void {
    this.#byId.set(user.id, user);
    this.#idByName.set(keyOf(user.name), user.id);
    this.#passwords.set(user.id, password);
  }

  /** One after the other, and each in one step: a crash leaves the file as it was before. */
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

/** What the file has of each. */
interface Account extends User {
  readonly salt: string;
  readonly hash: string;
}

function accountsIn(file: string): readonly Account[] {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
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
