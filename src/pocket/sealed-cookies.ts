import { readCookie, serializeCookie } from "../cookie/cookie-header.ts";
import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import { parsePreviousCookie } from "../options/cookie-options.ts";
import { keysRequired } from "../options/manager-options.ts";
import { type OpenedText, Sealer } from "./sealer.ts";

/** The cookie of one text. */
export interface Slot {
  /** The name of the text, such as `pocket-cart`, in letters, digits and hyphens. */
  readonly label: string;
  readonly sameSite: SetCookie["sameSite"];
  /** The cookies whose labels begin with this text have one limit together. The one that expires first gives way. */
  readonly group?: string;
}

/** The largest cookie, in bytes of its Set-Cookie line, and the largest group of cookies, in bytes of names and values. */
const MAX_BYTES = 3_072;

/** The cookies that a response sets, by name. An empty text clears the cookie. */
type Changes = Map<string, string>;

/** The last part of the label of a cookie in a group: a hash. */
const GROUPED = /^[0-9a-f]{32}$/;

const changesByExchange = new WeakMap<Exchange, Changes>();

/** Keeps sealed texts in cookies of the browser. A text that a request sets or clears is set or cleared for the rest of it. */
export class SealedCookies {
  readonly #lifecycle: Lifecycle;
  readonly #sealer: Sealer;
  /** The attributes of every cookie. A label completes the name. */
  readonly #attributes: Omit<SetCookie, "value">;

  /** `feature` is the function that needs the option `keys`. Throws `TypeError` without that option. */
  constructor(lifecycle: Lifecycle, feature: string) {
    const { signer, cookie } = lifecycle.options;
    if (!signer) throw keysRequired(feature);
    this.#lifecycle = lifecycle;
    this.#sealer = new Sealer(signer.keys, cookie.base);
    // The session's cookie may have a domain or a path, and can then be planted. These cookies have the strictest prefix.
    const name = cookie.base.replace(/^__(host|secure|http)-(http-)?/i, "");
    const { secure, partitioned } = cookie.attributes;
    this.#attributes = parsePreviousCookie(
      { name, secure, partitioned, sameSite: "lax" },
      feature,
    ).attributes;
  }

  /** Throws `TypeError` for a `sameSite` with which browsers would drop the cookie. */
  check(sameSite: SetCookie["sameSite"], option: string): void {
    if (sameSite === "none" && !this.#attributes.secure)
      throw new TypeError(`${option} "none" requires cookie.secure: true. Browsers drop such a cookie.`);
  }

  /** Returns the text of this browser, or `undefined` without one. */
  read(exchange: Exchange, slot: Slot): OpenedText | undefined {
    const name = this.#toName(slot);
    const sealed = getChanges(exchange).get(name) ?? readCookie(exchange.header("cookie"), name);
    return sealed ? this.#sealer.open(slot.label, sealed, this.#lifecycle.options.clock()) : undefined;
  }

  /** Whether the browser sent a cookie, valid or not, that the response does not clear. */
  has(exchange: Exchange, slot: Slot): boolean {
    const name = this.#toName(slot);
    return Boolean(getChanges(exchange).get(name) ?? readCookie(exchange.header("cookie"), name));
  }

  /** Throws `ERR_HEADERS_SENT` if the response can no longer set a cookie. */
  assertWritable(exchange: Exchange): void {
    const blocked = exchange.blocked();
    if (blocked !== undefined)
      throw new SessionError("ERR_HEADERS_SENT", `The cookie of a value cannot be set: ${blocked}.`);
  }

  /** Sets the cookie. Returns false, and changes nothing, if the text is too large. `ttl` is in milliseconds. */
  put(exchange: Exchange, slot: Slot, text: string, ttl: number): boolean {
    this.assertWritable(exchange);
    const expires = this.#lifecycle.options.clock() + ttl;
    const value = this.#sealer.seal(slot.label, text, expires);
    const cookie = { ...this.#toAttributes(slot), value, maxAge: Math.ceil(ttl / 1_000), expires };
    if (serializeCookie(cookie).length > MAX_BYTES) return false;
    this.#set(exchange, cookie);
    if (slot.group !== undefined) this.#trim(exchange, slot, slot.group);
    return true;
  }

  /** Clears the cookie. */
  clear(exchange: Exchange, slot: Slot): void {
    this.assertWritable(exchange);
    this.#set(exchange, { ...this.#toAttributes(slot), value: "", maxAge: 0, expires: 0 });
  }

  #toName({ label }: Slot): string {
    return `${this.#attributes.name}-${label}`;
  }

  #toAttributes(slot: Slot): Omit<SetCookie, "value"> {
    return { ...this.#attributes, name: this.#toName(slot), sameSite: slot.sameSite };
  }

  #set(exchange: Exchange, cookie: SetCookie): void {
    exchange.setCookie(cookie);
    // A cache that stored this response would give the cookie to other clients.
    exchange.setHeader("cache-control", "no-store");
    getChanges(exchange).set(cookie.name, cookie.value);
  }

  /** Clears the cookies of a group that expire first, until the others fit. Unreadable ones go before all others. */
  #trim(exchange: Exchange, kept: Slot, group: string): void {
    const now = this.#lifecycle.options.clock();
    const prefix = this.#toName({ ...kept, label: "" });
    const found = [...listCookies(exchange, prefix + group)].map(([name, value]) => {
      const label = name.slice(prefix.length);
      const expiresAt =
        label === kept.label
          ? Number.POSITIVE_INFINITY
          : (this.#sealer.open(label, value, now)?.expiresAt ?? 0);
      return { label, expiresAt, bytes: name.length + value.length };
    });
    let bytes = 0;
    for (const each of found.sort((a, b) => b.expiresAt - a.expiresAt)) {
      bytes += each.bytes;
      if (bytes > MAX_BYTES) this.clear(exchange, { ...kept, label: each.label });
    }
  }
}

function getChanges(exchange: Exchange): Changes {
  let changes = changesByExchange.get(exchange);
  if (!changes) {
    changes = new Map();
    changesByExchange.set(exchange, changes);
  }
  return changes;
}

/** Lists the cookies that the browser will have after this response and whose names begin with `prefix`. */
function listCookies(exchange: Exchange, prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of exchange.header("cookie")?.split(";") ?? []) {
    const [name = "", value = ""] = part.trim().split("=");
    // Other names are not ours, and clearing one that no cookie can have would fail.
    if (name.startsWith(prefix) && GROUPED.test(name.slice(prefix.length)) && !found.has(name))
      found.set(name, value);
  }
  for (const [name, value] of getChanges(exchange)) {
    if (!name.startsWith(prefix)) continue;
    if (value) found.set(name, value);
    else found.delete(name);
  }
  return found;
}
