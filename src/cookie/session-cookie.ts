import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { SessionRecord } from "../store.ts";
import type { Carrier } from "./carrier.ts";
import { type PresentedTokens, readTokens } from "./cookie-header.ts";
import { formatToken, type Token } from "./token.ts";

/** A cookie without its value. */
type Attributes = Omit<SetCookie, "value">;

/** The cookies of one manager. */
export interface CookieSet {
  readonly attributes: Attributes;
  /** The types of `Clear-Site-Data` to send at a logout. */
  readonly clearSiteData: readonly string[];
}

/** Reads our cookie from requests, and sets and clears it in responses. */
export class SessionCookie implements Carrier {
  readonly #attributes: Attributes;
  /** The value of the header `Clear-Site-Data`, or an empty string. */
  readonly #clearSiteData: string;
  readonly #needle: string;
  readonly #maxTokens: number;

  constructor({ attributes, clearSiteData }: CookieSet) {
    this.#attributes = attributes;
    this.#clearSiteData = clearSiteData.map((type) => `"${type}"`).join(", ");
    this.#needle = `${attributes.name}=`;
    this.#maxTokens = countMaxTokens(attributes.name);
  }

  /** Reads the tokens of a request. */
  read(exchange: Exchange): PresentedTokens {
    return readTokens(exchange.header("cookie"), this.#needle, this.#maxTokens);
  }

  /** Throws if the response can no longer set a cookie. Call it before writing to the store. */
  assertWritable(exchange: Exchange): void {
    const blocked = exchange.blocked();
    if (blocked !== undefined)
      throw new SessionError("ERR_HEADERS_SENT", `The session cookie cannot be set: ${blocked}.`);
  }

  /** Sets the cookie. It outlives the browser session if the session's first one did. */
  send(exchange: Exchange, token: Token, now: number, { data, deadline: expires }: SessionRecord): void {
    const persistence = data.persistent && { maxAge: Math.ceil((expires - now) / 1_000), expires };
    this.#set(exchange, { ...this.#attributes, value: formatToken(token), ...persistence });
  }

  /** Clears the cookie. */
  clear(exchange: Exchange): void {
    this.clearOne(exchange, this.#attributes);
  }

  /** Clears the cookie at a logout and sends `Clear-Site-Data` if it is configured. */
  clearAtLogout(exchange: Exchange): void {
    this.clear(exchange);
    if (this.#clearSiteData !== "") exchange.setHeader("clear-site-data", this.#clearSiteData);
  }

  /** Does nothing if the headers were already sent: the response to a later request will clear the cookie. */
  clearIfWritable(exchange: Exchange): void {
    if (exchange.blocked() === undefined) this.clearOne(exchange, this.#attributes);
  }

  /** Repeats the attributes with which the cookie was set: others would address another cookie. */
  protected clearOne(exchange: Exchange, attributes: Attributes): void {
    this.#set(exchange, { ...attributes, value: "", maxAge: 0, expires: 0 });
  }

  #set(exchange: Exchange, cookie: SetCookie): void {
    exchange.setCookie(cookie);
    // A cache that stored this response would give the cookie to other clients.
    exchange.setHeader("cache-control", "no-store");
  }
}

/**
 * Returns how many tokens of a request are looked up. Other hosts of the site can plant cookies unless the name forbids it,
 * and the real one must still be looked up.
 */
export function countMaxTokens(name: string): number {
  return /^__Host-/i.test(name) ? 2 : 4;
}
