import { inspect } from "node:util";
import type { SessionRecord, Store } from "sessionup";

/** The number of consecutive characters of a secret that count as a leak. */
const PIECE = 16;

/** The form of every hash in a record, regardless of the field's name. */
const HASH = /^(?:[0-9A-Za-z_-]{43}|[0-9a-f]{64})$/;

/**
 * Collects every visible output of a run, and knows the secrets that must not appear in it.
 *
 * - Secrets, their halves and keys are found by any 16 characters, and as a whole in base64, base64url and hex.
 * - Hashes are also found by their bytes.
 */
export class Witness {
  /** Each visible text, with the place where it first appeared. */
  readonly #seen = new Map<string, string>();
  readonly #pieces = new Map<string, string>();
  /** Encoded forms of the secrets, by their first characters. */
  readonly #forms = new Map<string, Map<string, string>>();
  readonly #kept = new Set<string>();

  /** The number of secret texts. */
  get size(): number {
    return this.#kept.size;
  }

  /** Adds a secret text, of which no part may appear. */
  keep(what: string, text: string): void {
    if (text.length < PIECE)
      throw new Error(`${what} must have at least ${PIECE} characters, to be distinct from other texts`);
    if (this.#kept.has(text)) return;
    this.#kept.add(text);
    for (let at = 0; at + PIECE <= text.length; at++) this.#pieces.set(text.slice(at, at + PIECE), what);
    const bytes = Buffer.from(text);
    this.#form(`${what}, in base64`, bytes.toString("base64").replace(/=+$/, ""));
    this.#form(`${what}, in base64url`, bytes.toString("base64url"));
    this.#bytes(what, bytes);
  }

  /** Adds a hash in the form that stores hold: base64url or hexadecimal digits. */
  keepHash(what: string, hash: string): void {
    if (this.#kept.has(hash)) return;
    this.keep(what, hash);
    const bytes = Buffer.from(hash, hash.length === 64 ? "hex" : "base64url");
    for (const encoding of ["base64", "base64url"] as const)
      this.#form(`${what}, in ${encoding}`, bytes.toString(encoding).replace(/=+$/, ""));
    this.#form(`${what}, as a string of its bytes`, bytes.toString("latin1"));
    this.#bytes(what, bytes);
  }

  /** Adds the value of a cookie in a response: a session token or a device cookie. */
  keepCookie(value: string): void {
    const parts = value.split(".");
    const [, secret = "", ...more] = parts;
    if (more.length === 0 && secret.length > 22) {
      this.keep("a token", value.slice(value.indexOf(".")));
      this.keep("a secret", secret);
      this.keep("the root of a secret", secret.slice(0, 22));
      this.keep("the turn of a secret", secret.slice(22));
    }
    for (const part of parts) if (HASH.test(part)) this.keepHash("a mark of a device", part);
    if (parts.length > 1 && HASH.test(secret) && secret.length === 64)
      this.keep("the nonce of a device", parts[0] ?? "");
  }

  /** Adds every hash of a record, and its link. */
  keepRecord({ link, data }: Pick<SessionRecord, "link" | "data">): void {
    if (link !== undefined) this.keepHash("a link", link);
    const { meta: _, geo: __, ...core } = data;
    for (const text of listTexts(core)) if (HASH.test(text)) this.keepHash("a stored hash", text);
  }

  /** Records everything visible in a value: with `inspect`, with and without custom inspection, as JSON and as text. */
  see(where: string, value: unknown): void {
    const all = { depth: Number.POSITIVE_INFINITY, showHidden: true } as const;
    const whole = {
      maxArrayLength: null,
      maxStringLength: null,
      breakLength: Number.POSITIVE_INFINITY,
    } as const;
    this.#note(where, typeof value === "string" ? value : inspect(value, { ...all, ...whole }));
    if (typeof value !== "object" || value === null) return;
    this.#note(
      `${where}, without custom inspection`,
      inspect(value, { ...all, ...whole, customInspect: false }),
    );
    this.#note(`${where}, as logs show it`, inspect(value));
    this.#note(`${where}, as JSON`, toJson(value));
    if (value instanceof Error) {
      this.#note(`${where}, as text`, `${value.message}\n${value.stack}\n${value}`);
      if (value.cause !== undefined) this.see(`the cause of ${where}`, value.cause);
      if (value instanceof AggregateError)
        for (const each of value.errors) this.see(`one error of ${where}`, each);
    }
  }

  /** Returns each leak once: the secret and the place. */
  leaks(): string[] {
    const found = new Set<string>();
    for (const [shown, where] of this.#seen) {
      const text = shown.replaceAll(/\s+/g, " ");
      for (let at = 0; at + PIECE <= text.length; at++) {
        const start = text.slice(at, at + PIECE);
        const piece = this.#pieces.get(start);
        if (piece) {
          found.add(`${piece} in ${where}: ${text.slice(Math.max(0, at - 60), at)}…`);
          // Skip the rest of the same secret, which is the same leak.
          at += PIECE;
        }
        for (const [form, what] of this.#forms.get(start) ?? [])
          if (text.startsWith(form, at)) found.add(`${what} in ${where}`);
      }
    }
    return [...found].sort();
  }

  /** Adds the forms in which buffers are printed: hexadecimal digits with and without spaces, and numbers. */
  #bytes(what: string, bytes: Buffer): void {
    const digits = bytes.toString("hex");
    this.#form(`${what}, in hex`, digits);
    this.#form(`${what}, in hex`, digits.toUpperCase());
    // `inspect` prints only the first 50 bytes of a long buffer.
    this.#form(`${what}, as a buffer`, (bytes.subarray(0, 20).toString("hex").match(/../g) ?? []).join(" "));
    this.#form(`${what}, as numbers`, [...bytes].join(", "));
    this.#form(`${what}, as numbers`, [...bytes].join(","));
  }

  #form(what: string, text: string): void {
    const start = text.replaceAll(/\s+/g, " ").slice(0, PIECE);
    const forms = this.#forms.get(start) ?? new Map<string, string>();
    forms.set(text.replaceAll(/\s+/g, " "), what);
    this.#forms.set(start, forms);
  }

  #note(where: string, text: string | undefined): void {
    if (text !== undefined && !this.#seen.has(text)) this.#seen.set(text, where);
  }
}

function toJson(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Circular structures and throwing getters end here. The message of the error is visible too.
    return String(error);
  }
}

function listTexts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(listTexts) : [];
}

/** Returns the same store and adds each record that it receives to the witness. */
export function watched<Watched extends Store>(store: Watched, witness: Witness): Watched {
  const { create, update } = store;
  store.create = (record, options) => {
    witness.keepRecord(record);
    return create.call(store, record, options);
  };
  store.update = (id, change, options) => {
    if (change.data) witness.keepRecord({ data: change.data });
    return update.call(store, id, change, options);
  };
  return store;
}
