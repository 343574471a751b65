import { isSameCookie } from "../cookie/cookie-header.ts";
import type { SetCookie } from "../exchange.ts";
import { DEFAULT_COOKIE_NAME } from "../rules/record.ts";
import { checkBoolean, checkOptionNames } from "./checks.ts";

/** How the cookie is sent. The defaults are the strictest that work for an app on one host. */
export interface CookieOptions {
  /**
   * Default `"sessionup"`. It is sent as `__Host-sessionup` while `secure`, `path` and `domain` allow that, so that no
   * sibling subdomain can plant one, and as `__Secure-sessionup` else. Give a prefix yourself to insist on it.
   */
  readonly name?: string;
  /** Default `"/"`. */
  readonly path?: string;
  /** Default none: this host alone. With a domain, every subdomain gets the cookie and can plant one. */
  readonly domain?: string;
  /** Default true. With false the cookie also travels over plain http, where anybody on the way can read it. */
  readonly secure?: boolean;
  /** Default true. With false every script of the page can read the token and send it away. */
  readonly httpOnly?: boolean;
  /** Default `"strict"`. `"lax"`: also sent when a link leads in from elsewhere. `"none"`: sent with every request of every site. */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Default false. True: a jar of its own for each site that embeds yours (CHIPS). */
  readonly partitioned?: boolean;
  /**
   * How the cookie was sent before, each as these options were then: sessions go on whose token is found under one of
   * them alone, and move to the cookie of now. Default: none. As long as it is there, who can plant such a cookie, as a
   * sibling subdomain can where it had no `__Host-` name, can sign a visitor in who has no session: as the attacker.
   */
  readonly previous?: readonly PreviousCookie[];
}

/** How a cookie was sent before. What is left out had its default. */
export type PreviousCookie = Omit<CookieOptions, "previous">;

/** The name as the app gave it, and the cookie as it is sent. @internal */
export interface SentCookie {
  readonly base: string;
  /** What `base` was before. */
  readonly formerBases: readonly string[];
  readonly attributes: Omit<SetCookie, "value">;
  /** The cookies of before, as they were sent. */
  readonly previous: ReadonlyArray<Omit<SetCookie, "value">>;
}

const LONGEST_NAME = 128;

/** Checks and completes the option `cookie`. Throws `TypeError`. @internal */
export function cookieOf(options: CookieOptions = {}): SentCookie {
  checkOptionNames(options, "cookie", [...COOKIE_OPTIONS, "previous"]);
  const { previous = [] } = options;
  const { base, attributes } = sentCookieOf(options, "cookie");
  if (!Array.isArray(previous))
    throw new TypeError('cookie.previous: needs a list of what cookie was before, such as [{ name: "sid" }]');
  const former = previous.map((each: PreviousCookie, index) => {
    const at = `cookie.previous[${index}]`;
    checkOptionNames(each, at, COOKIE_OPTIONS);
    const its = sentCookieOf(each, at);
    if (isSameCookie(its.attributes, attributes))
      throw new TypeError(`${at}: is the cookie of now; leave it out, or say how it was sent before`);
    return its;
  });
  return Object.freeze({
    base,
    formerBases: Object.freeze(former.map((each) => each.base).filter((each) => each !== base)),
    attributes,
    previous: Object.freeze(former.map((each) => each.attributes)),
  });
}

const COOKIE_OPTIONS = ["name", "path", "domain", "secure", "httpOnly", "sameSite", "partitioned"] as const;

/** A cookie as it is sent, and its name as the app gave it. `at` is what the options are called. */
function sentCookieOf(
  options: PreviousCookie,
  at: string,
): { readonly base: string; readonly attributes: Omit<SetCookie, "value"> } {
  const { name = DEFAULT_COOKIE_NAME, path = "/", domain } = options;
  const { secure = true, httpOnly = true, sameSite = "strict", partitioned = false } = options;
  for (const [key, value] of Object.entries({ secure, httpOnly, partitioned }))
    checkBoolean(value, `${at}.${key}`);
  if (typeof name !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || name.length > LONGEST_NAME) {
    throw new TypeError(`${at}.name: needs 1 to ${LONGEST_NAME} letters, digits or !#$%&'*+-.^_\`|~`);
  }
  if (typeof path !== "string" || !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path)) {
    throw new TypeError(
      `${at}.path: needs to begin with "/" and to have no blanks, ";" or other than ASCII in it`,
    );
  }
  if (
    domain !== undefined &&
    (typeof domain !== "string" || !/^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$/.test(domain))
  ) {
    throw new TypeError(`${at}.domain: needs a host name such as "example.com", without a dot before it`);
  }
  if (!["strict", "lax", "none"].includes(sameSite)) {
    throw new TypeError(`${at}.sameSite: needs "strict", "lax" or "none"`);
  }
  if (sameSite === "none" && !secure)
    throw new TypeError(`${at}.sameSite: "none" needs secure, browsers drop it else`);
  if (partitioned && !secure) throw new TypeError(`${at}.partitioned: needs secure, browsers drop it else`);
  const attributes = {
    path,
    ...(domain !== undefined && { domain }),
    secure,
    httpOnly,
    sameSite,
    partitioned,
  };
  const hostOnly = secure && path === "/" && domain === undefined;
  // Browsers enforce the prefixes whatever the letter case.
  const prefix = /^__(host|secure|http)-(http-)?/i.exec(name)?.[0].toLowerCase();
  if (prefix === undefined) {
    const sent = secure ? (hostOnly ? `__Host-${name}` : `__Secure-${name}`) : name;
    return Object.freeze({ base: name, attributes: Object.freeze({ name: sent, ...attributes }) });
  }
  if (prefix.startsWith("__host-") && !hostOnly) {
    throw new TypeError(`${at}.name: "__Host-" needs path "/", no domain, and secure`);
  }
  if (!secure) throw new TypeError(`${at}.name: "${name.slice(0, prefix.length)}" needs secure`);
  if (prefix.endsWith("http-") && !httpOnly) {
    throw new TypeError(`${at}.name: "${name.slice(0, prefix.length)}" needs httpOnly`);
  }
  return Object.freeze({ base: name, attributes: Object.freeze({ name, ...attributes }) });
}
