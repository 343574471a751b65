import type { SetCookie } from "../exchange.ts";
import { DEFAULT_COOKIE_NAME } from "../rules/record.ts";
import {
  matching,
  type OptionTable,
  oneOf,
  type ParsedOptions,
  type Parser,
  parseBoolean,
  parseOptions,
  resultOf,
} from "./parsers.ts";
import type { PreviousCookies } from "./previous-cookies.ts";

/** How the cookie is sent. The defaults are the strictest that work for an app on one host. */
export interface CookieOptions {
  /**
   * The cookie's name. Default `"sessionup"`, which is sent as `__Host-sessionup` while `secure`, `path` and `domain`
   * allow that prefix, so that no sibling subdomain can plant a cookie, and as `__Secure-sessionup` otherwise. A name
   * with a prefix insists on that prefix.
   */
  readonly name?: string;
  /** The path below which browsers send the cookie. Default `"/"`. */
  readonly path?: string;
  /**
   * The domain that receives the cookie. Default none: only this host. With a domain, every subdomain receives the cookie
   * and can plant one.
   */
  readonly domain?: string;
  /**
   * Whether browsers send the cookie over https only. Default true. With false, the cookie also travels over plain http,
   * where anyone on the network can read it.
   */
  readonly secure?: boolean;
  /**
   * Whether the cookie is hidden from scripts. Default true. With false, any script of the page can read the token and send
   * it away.
   */
  readonly httpOnly?: boolean;
  /**
   * The requests from other sites that carry the cookie. Default `"strict"`: none of them. `"lax"` also sends the cookie when the user follows a link from another site. `"none"` sends the
   * cookie with every request from every site.
   */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Whether browsers keep a separate cookie for each site that embeds yours (CHIPS). Default false. */
  readonly partitioned?: boolean;
  /**
   * The cookie's earlier settings: `previousCookies([…])` of `sessionup/previous-cookies`. A session whose token arrives
   * only in a previous cookie continues and moves to the current cookie. Default: none. While a previous cookie is listed, an
   * attacker who can plant it, such as a sibling subdomain for a cookie without a `__Host-` name, can sign an unauthenticated
   * visitor in as the attacker.
   */
  readonly previous?: PreviousCookies;
}

/** The cookie's base name, and the cookie as it is sent. @internal */
export interface ParsedCookie {
  readonly base: string;
  readonly attributes: Omit<SetCookie, "value">;
}

/** The current cookie and the previous ones. @internal */
export interface ParsedCookies extends ParsedCookie {
  readonly previous: PreviousCookies | undefined;
}

// No text that these patterns accept can split a header.
const COOKIE = {
  name: {
    parse: matching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, "1 to 128 letters, digits or !#$%&'*+-.^_`|~"),
    default: DEFAULT_COOKIE_NAME,
  },
  path: {
    parse: matching(
      /^\/[\x21-\x3a\x3c-\x7e]*$/,
      'printable ASCII that begins with "/", without spaces and ";"',
    ),
    default: "/",
  },
  domain: {
    parse: matching(
      /^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$/,
      'a host name such as "example.com", without a leading dot',
    ),
  },
  secure: { parse: parseBoolean, default: true },
  httpOnly: { parse: parseBoolean, default: true },
  sameSite: { parse: oneOf("strict", "lax", "none"), default: "strict" },
  partitioned: { parse: parseBoolean, default: false },
} as const;

const ALL = {
  ...COOKIE,
  previous: { parse: resultOf<PreviousCookies>("previousCookies", "choose") },
} as const;

/** Parses the option `cookie`. Throws `TypeError`. @internal */
export const parseCookies: Parser<ParsedCookies> = (given, name) => {
  const { previous, ...options } = parseOptions(given as object, ALL, name);
  const current = toCookie(options, name);
  previous?.check(current);
  return Object.freeze({ ...current, previous });
};

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const COOKIE_TABLE: OptionTable = ALL;

/** Parses the settings of one previous cookie. Throws `TypeError`. @internal */
export const parsePreviousCookie: Parser<ParsedCookie> = (given, name) =>
  toCookie(parseOptions(given as object, COOKIE, name), name);

function toCookie({ name: base, domain, ...rest }: ParsedOptions<typeof COOKIE>, name: string): ParsedCookie {
  const { secure, path, httpOnly, sameSite, partitioned } = rest;
  const needs = (option: string, what: string) => {
    throw new TypeError(`${name}.${option} requires ${what}. Browsers drop such a cookie.`);
  };
  if (sameSite === "none" && !secure) needs('sameSite "none"', "secure: true");
  if (partitioned && !secure) needs("partitioned", "secure: true");
  const isHostOnly = secure && path === "/" && domain === undefined;
  // Browsers enforce the prefixes in any letter case.
  const prefix = /^__(host|secure|http)-(http-)?/i.exec(base)?.[0] ?? "";
  const kind = prefix.toLowerCase();
  const option = `name with the prefix "${prefix}"`;
  if (kind.startsWith("__host-") && !isHostOnly) needs(option, 'path "/", no domain and secure: true');
  if (prefix && !secure) needs(option, "secure: true");
  if (kind.endsWith("http-") && !httpOnly) needs(option, "httpOnly: true");
  const sentName = prefix || !secure ? base : `${isHostOnly ? "__Host-" : "__Secure-"}${base}`;
  const attributes = { name: sentName, ...rest, ...(domain !== undefined && { domain }) };
  return { base, attributes: Object.freeze(attributes) };
}
