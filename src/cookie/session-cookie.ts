import { SessionError } from "../errors.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import { type PresentedTokens, readTokens } from "./cookie-header.ts";
import { formatToken, type Token } from "./token.ts";

/** A cookie without its value. */
type Attributes = Omit<SetCookie, "value">;

/** The cookies of one manager. */
export interface CookieSet {
  readonly attributes: Attributes;
  /** Former names and attributes of the cookie. */
  readonly previous?: readonly Attributes[];
  /** The types of `Clear-Site-Data` to send at a logout. */
  readonly clearSiteData?: readonly string[];
}

/** A token that was found under a former name of the cookie. */
export interface FormerToken {
  readonly name: string;
  readonly token: Token;
}

const NONE: readonly never[] = Object.freeze([]);
/** The number of tokens under former names that are looked up. */
const MAX_FORMER_TOKENS = 4;

/** Reads our cookie from requests, and sets and clears it in responses. */
export class SessionCookie {
  readonly #attributes: Attributes;
  readonly #previous: readonly Attributes[];
  readonly #formerNames: readonly string[];
  /** The value of the header `Clear-Site-Data`, or an empty string. */
  readonly #clearSiteData: string;
  readonly #needle: string;
  readonly #maxTokens: number;
  /**
   * Identifies the attributes of the current cookie if a former one has the same name: requests do not show which of the
   * two the browser sent. Otherwise undefined.
   */
  readonly sentAs: string | undefined;

  constructor({ attributes, previous = [], clearSiteData = [] }: CookieSet) {
    this.#attributes = Object.freeze({ ...attributes });
    this.#previous = previous;
    this.#clearSiteData = clearSiteData.map((type) => `"${type}"`).join(", ");
    const { name, domain = "", path, partitioned } = attributes;
    this.#formerNames = [...new Set(previous.map((each) => each.name))].filter((each) => each !== name);
    const isNameReused = previous.some((each) => each.name === name);
    this.sentAs = isNameReused ? `${path};${domain};${partitioned}` : undefined;
    this.#needle = `${name}=`;
    this.#maxTokens = maxTokens(name);
  }

  get name(): string {
    return this.#attributes.name;
  }

  /** Reads the tokens under the current name. */
  read(exchange: Exchange): PresentedTokens {
    return readTokens(exchange.header("cookie"), this.#needle, this.#maxTokens);
  }

  /** Reads the tokens under former names. */
  readFormer(exchange: Exchange): readonly FormerToken[] {
    if (this.#formerNames.length === 0) return NONE;
    const header = exchange.header("cookie");
    return this.#formerNames
      .flatMap((name) => {
        const { tokens } = readTokens(header, `${name}=`, maxTokens(name));
        return tokens.map((token) => ({ name, token }));
      })
      .slice(0, MAX_FORMER_TOKENS);
  }

  /** Throws if the response can no longer set a cookie. Call it before writing to the store. */
  assertWritable(exchange: Exchange): void {
    const blocked = exchange.blocked();
    if (blocked !== undefined)
      throw new SessionError("ERR_HEADERS_SENT", `The session cookie cannot be set: ${blocked}.`);
  }

  /** Sets the cookie and clears former ones. With `end`, in milliseconds since 1970, it outlives the browser session. */
  send(exchange: Exchange, token: Token, now: number, end: number | undefined): void {
    this.#clearPrevious(exchange);
    const persistence = end !== undefined && { maxAge: Math.ceil((end - now) / 1_000), expires: end };
    this.#set(exchange, { ...this.#attributes, value: formatToken(token), ...persistence });
  }

  /** Clears the cookie and former ones. */
  clear(exchange: Exchange): void {
    this.#clearPrevious(exchange);
    this.#clear(exchange, this.#attributes);
  }

  /** Clears the cookie at a logout and sends `Clear-Site-Data` if it is configured. */
  clearAtLogout(exchange: Exchange): void {
    this.clear(exchange);
    if (this.#clearSiteData !== "") exchange.setHeader("clear-site-data", this.#clearSiteData);
  }

  /**
   * Clears the cookies of that name. Does nothing if the headers were already sent: the response to a later request will
   * clear them.
   */
  clearIfWritable(exchange: Exchange, name: string = this.name): void {
    if (exchange.blocked() !== undefined) return;
    for (const cookie of this.#previous) if (cookie.name === name) this.#clear(exchange, cookie);
    if (name === this.name) this.#clear(exchange, this.#attributes);
  }

  /** Runs before the current cookie is set: browsers that do not support `Partitioned` may take both for one cookie. */
  #clearPrevious(exchange: Exchange): void {
    if (this.#previous.length === 0) return;
    const header = exchange.header("cookie") ?? "";
    for (const cookie of this.#previous)
      if (cookie.name === this.name || header.includes(`${cookie.name}=`)) this.#clear(exchange, cookie);
  }

  /** Repeats the attributes with which the cookie was set: others would address another cookie. */
  #clear(exchange: Exchange, attributes: Attributes): void {
    this.#set(exchange, { ...attributes, value: "", maxAge: 0, expires: 0 });
  }

  #set(exchange: Exchange, cookie: SetCookie): void {
    exchange.setCookie(cookie);
    // A cache that stored this response would give the cookie to other clients.
    exchange.setHeader("cache-control", "no-store");
  }
}

/** Other hosts of the site can plant cookies unless the name forbids it. The real one must still be looked up. */
function maxTokens(name: string): number {
  return /^__Host-/i.test(name) ? 2 : 4;
}
