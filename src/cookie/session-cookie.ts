import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { type PresentedTokens, readTokens } from "./cookie-header.ts";
import { formatToken, type Token } from "./token.ts";

/** A cookie without a value. */
type Attributes = Omit<SetCookie, "value">;

/** The cookies of one manager: that of now, and those that it was before. */
export interface CookieSet {
  readonly attributes: Attributes;
  readonly previous?: readonly Attributes[];
  /** What else the browser is told to clear at a logout. */
  readonly clearSiteData?: readonly string[];
}

/** A token that was found under a name that the cookie had before. */
export interface FormerToken {
  readonly name: string;
  readonly token: Token;
}

const NONE: readonly never[] = Object.freeze([]);
/** So many tokens under former names are looked up. */
const MOST_FORMER = 4;

/** Our cookie: found in requests, set and cleared in responses. */
export class SessionCookie {
  readonly #attributes: Attributes;
  readonly #previous: readonly Attributes[];
  readonly #formerNames: readonly string[];
  /** The header's value, or nothing. */
  readonly #clearSiteData: string;
  readonly #needle: string;
  readonly #mostTokens: number;
  /**
   * How the cookie is sent, where it was sent otherwise under the same name before: of such a cookie nobody can see which
   * of them it is. Undefined where names tell.
   */
  readonly sentAs: string | undefined;

  constructor({ attributes, previous = [], clearSiteData = [] }: CookieSet) {
    this.#attributes = Object.freeze({ ...attributes });
    this.#previous = previous;
    this.#clearSiteData = clearSiteData.map((type) => `"${type}"`).join(", ");
    const { name, domain = "", path, partitioned } = attributes;
    this.#formerNames = [...new Set(previous.map((each) => each.name))].filter((each) => each !== name);
    const namesTell = previous.every((each) => each.name !== name);
    this.sentAs = namesTell ? undefined : `${path};${domain};${partitioned}`;
    this.#needle = `${name}=`;
    this.#mostTokens = mostOf(name);
  }

  get name(): string {
    return this.#attributes.name;
  }

  read(exchange: Exchange): PresentedTokens {
    return readTokens(exchange.header("cookie"), this.#needle, this.#mostTokens);
  }

  /** What was sent under names that the cookie had before. */
  readFormer(exchange: Exchange): readonly FormerToken[] {
    if (this.#formerNames.length === 0) return NONE;
    const header = exchange.header("cookie");
    return this.#formerNames
      .flatMap((name) => {
        const { tokens } = readTokens(header, `${name}=`, mostOf(name));
        return tokens.map((token) => ({ name, token }));
      })
      .slice(0, MOST_FORMER);
  }

  /** Throws before anything is written if the response can take no cookie any more. */
  assertWritable(exchange: Exchange): void {
    const blocked = exchange.blocked();
    if (blocked !== undefined)
      throw new SessionError("ERR_HEADERS_SENT", `the cookie cannot be set: ${blocked}`);
  }

  /** Sets it, and clears those that it was before; with an end in milliseconds since 1970 it outlives the browser. */
  send(exchange: Exchange, token: Token, now: number, end: number | undefined): void {
    this.#clearPrevious(exchange);
    const lasting = end !== undefined && { maxAge: Math.ceil((end - now) / 1_000), expires: end };
    this.#set(exchange, { ...this.#attributes, value: formatToken(token), ...lasting });
  }

  /** Clears it, and those that it was before. */
  clear(exchange: Exchange): void {
    this.#clearPrevious(exchange);
    this.#clear(exchange, this.#attributes);
  }

  /** Clears it at a logout, and has the browser clear what else it should. */
  clearAtLogout(exchange: Exchange): void {
    this.clear(exchange);
    if (this.#clearSiteData !== "") exchange.setHeader("clear-site-data", this.#clearSiteData);
  }

  /**
   * Clears whatever is known to be of that name, by default that of now; unless the response is on its way already:
   * then a later one will.
   */
  clearIfWritable(exchange: Exchange, name: string = this.name): void {
    if (exchange.blocked() !== undefined) return;
    for (const cookie of this.#previous) if (cookie.name === name) this.#clear(exchange, cookie);
    if (name === this.name) this.#clear(exchange, this.#attributes);
  }

  /** Before that of now is set: to a browser that knows no `Partitioned`, two may be one. */
  #clearPrevious(exchange: Exchange): void {
    if (this.#previous.length === 0) return;
    const header = exchange.header("cookie") ?? "";
    for (const cookie of this.#previous)
      if (cookie.name === this.name || header.includes(`${cookie.name}=`)) this.#clear(exchange, cookie);
  }

  /** With the attributes that it was set with: else it would be another cookie. */
  #clear(exchange: Exchange, attributes: Attributes): void {
    this.#set(exchange, { ...attributes, value: "", maxAge: 0, expires: 0 });
  }

  #set(exchange: Exchange, cookie: SetCookie): void {
    exchange.setCookie(cookie);
    // A cache that kept this response would hand the cookie to others.
    exchange.setHeader("cache-control", "no-store");
  }
}

/** Others than this host can plant a cookie unless its name forbids it: the real one must still be looked at. */
function mostOf(name: string): number {
  return /^__Host-/i.test(name) ? 2 : 4;
}
