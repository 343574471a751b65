import { inspect } from "node:util";
import type { SessionRecord, Store } from "sessionup";

/** So many characters in a row of a secret are a leak already. */
const PIECE = 16;

/** What the core keeps in a record besides metadata that may be shown: its hashes, whatever they are called. */
const HASH = /^(?:[0-9A-Za-z_-]{43}|[0-9a-f]{64})$/;

/**
 * Sees everything that anybody could see of a run, and knows what must be in none of it. Secrets, halves and keys are
 * looked for by any 16 characters of them, and whole in base64, base64url and hex; hashes by the same, and by their bytes.
 */
export class Witness {
  /** What was shown, each text once, and where. */
  readonly #seen = new Map<string, string>();
  readonly #pieces = new Map<string, string>();
  /** Other forms, by how they begin. */
  readonly #forms = new Map<string, Map<string, string>>();
  readonly #kept = new Set<string>();

  /** How many texts may be shown to nobody. */
  get size(): number {
    return this.#kept.size;
  }

  /** A text that must be shown nowhere, nor any piece of it. */
  keep(what: string, text: string): void {
    if (text.length < PIECE) throw new Error(`${what}: too short to be told from other texts`);
    if (this.#kept.has(text)) return;
    this.#kept.add(text);
    for (let at = 0; at + PIECE <= text.length; at++) this.#pieces.set(text.slice(at, at + PIECE), what);
    const bytes = Buffer.from(text);
    this.#form(`${what}, in base64`, bytes.toString("base64").replace(/=+$/, ""));
    this.#form(`${what}, in base64url`, bytes.toString("base64url"));
    this.#bytes(what, bytes);
  }

  /** A hash as stores keep it: base64url, or hexadecimal digits. */
  keepHash(what: string, hash: string): void {
    if (this.#kept.has(hash)) return;
    this.keep(what, hash);
    const bytes = Buffer.from(hash, hash.length === 64 ? "hex" : "base64url");
    for (const encoding of ["base64", "base64url"] as const)
      this.#form(`${what}, in ${encoding}`, bytes.toString(encoding).replace(/=+$/, ""));
    this.#form(`${what}, as a text of its bytes`, bytes.toString("latin1"));
    this.#bytes(what, bytes);
  }

  /** What a response hands to a browser: a token, or what a browser is known again by. */
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

  /** Every hash of a record, and its link. */
  keepRecord({ link, data }: Pick<SessionRecord, "link" | "data">): void {
    if (link !== undefined) this.keepHash("a link", link);
    const { meta: _, geo: __, ...core } = data;
    for (const text of textsIn(core)) if (HASH.test(text)) this.keepHash("a stored hash", text);
  }

  /** Takes note of whatever can be made visible of a value: by `inspect` in both ways, as JSON, as text. */
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
      `${where}, without its own inspection`,
      inspect(value, { ...all, ...whole, customInspect: false }),
    );
    this.#note(`${where}, as logs have it`, inspect(value));
    this.#note(`${where}, as JSON`, jsonOf(value));
    if (value instanceof Error) {
      this.#note(`${where}, as text`, `${value.message}\n${value.stack}\n${value}`);
      if (value.cause !== undefined) this.see(`the cause of ${where}`, value.cause);
      if (value instanceof AggregateError)
        for (const each of value.errors) this.see(`${where}, one of it`, each);
    }
  }

  /** Where something was shown that must not be, each once. */
  leaks(): string[] {
    const found = new Set<string>();
    for (const [shown, where] of this.#seen) {
      const text = shown.replaceAll(/\s+/g, " ");
      for (let at = 0; at + PIECE <= text.length; at++) {
        const start = text.slice(at, at + PIECE);
        const piece = this.#pieces.get(start);
        if (piece) {
          found.add(`${piece} in ${where}: ${text.slice(Math.max(0, at - 60), at)}…`);
          // One is told once: the rest of it comes with it.
          at += PIECE;
        }
        for (const [form, what] of this.#forms.get(start) ?? [])
          if (text.startsWith(form, at)) found.add(`${what} in ${where}`);
      }
    }
    return [...found].sort();
  }

  /** As hexadecimal digits with and without blanks, and as numbers: buffers are shown so. */
  #bytes(what: string, bytes: Buffer): void {
    const digits = bytes.toString("hex");
    this.#form(`${what}, in hex`, digits);
    this.#form(`${what}, in hex`, digits.toUpperCase());
    // Of a long buffer no more than its first 50 bytes are shown.
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

function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // In a circle, or of a getter that throws: what that says is shown, too.
    return String(error);
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The same store, whose records the witness knows. */
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
