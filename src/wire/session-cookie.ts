import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { type PresentedTokens, readTokens } from "./cookie.ts";
import { type Token, tokenText } from "./token.ts";

/** Our cookie: found in requests, set and cleared in responses. */
export class SessionCookie {
  readonly #attributes: Omit<SetCookie, "value">;
  readonly #needle: string;
  readonly #mostTokens: number;

  readonly #clearSiteData: string | undefined;

  /** `clearSiteData` is the value of that header, sent at a logout. */
  constructor(attributes: Omit<SetCookie, "value">, clearSiteData?: string) {
    this.#clearSiteData = clearSiteData;
    this.#attributes = Object.freeze({ ...attributes });
    this.#needle = `${attributes.name}=`;
    // Others than this host can plant a cookie unless its name forbids it: the real one must still be looked at.
    this.#mostTokens = /^__Host-/i.test(attributes.name) ? 2 : 4;
  }

  read(exchange: Exchange): PresentedTokens {
    return readTokens(exchange.header("cookie"), this.#needle, this.#mostTokens);
  }

  /** Throws before anything is written if the response can take no cookie any more. */
  assertWritable(exchange: Exchange): void {
    const blocked = exchange.blocked();
    if (blocked !== undefined)
      throw new SessionError("ERR_HEADERS_SENT", `the cookie cannot be set: ${blocked}`);
  }

  /** Sets it; with an end in milliseconds since 1970 it outlives the browser. */
  send(exchange: Exchange, token: Token, now: number, end: number | undefined): void {
    const lasting = end !== undefined && { maxAge: Math.ceil((end - now) / 1_000), expires: end };
    this.#set(exchange, { ...this.#attributes, value: tokenText(token), ...lasting });
  }

  /** Clears it, with the attributes that it was set with: else it would be another cookie. */
  clear(exchange: Exchange): void {
    this.#set(exchange, { ...this.#attributes, value: "", maxAge: 0, expires: 0 });
  }

  /** Clears it at a logout, and has the browser clear what else it should. */
  clearAtLogout(exchange: Exchange): void {
    this.clear(exchange);
    // The exchange replaces it where the app has set one itself.
    if (this.#clearSiteData !== undefined) exchange.setHeader("clear-site-data", this.#clearSiteData);
  }

  /** Clears it unless the response is on its way already: then a later one will. */
  clearIfWritable(exchange: Exchange): void {
    if (exchange.blocked() === undefined) this.clear(exchange);
  }

  #set(exchange: Exchange, cookie: SetCookie): void {
    exchange.setCookie(cookie);
    // A cache that kept this response would hand the cookie to others.
    exchange.setHeader("cache-control", "no-store");
  }
}
