import type { SetCookie } from "../exchange.ts";
import { parseToken, type Token } from "./token.ts";

/** The longest time for which browsers keep a cookie, in milliseconds. */
export const MAX_COOKIE_AGE: number = 400 * 86_400_000;

/** The tokens in the cookies of a request. */
export interface PresentedTokens {
  readonly tokens: readonly Token[];
  /** Whether a cookie of our name was not a token. */
  readonly malformed: boolean;
  /** The names of the previous cookies that brought the last of the tokens. Absent if the manager has no previous cookies. */
  readonly formerNames?: readonly string[];
}

/**
 * Reads the distinct tokens in a Cookie header (RFC 6265 section 4.2.1), in order, at most `max`. Malformed values do not
 * count, so that junk cannot crowd out the real token. `needle` is the cookie's name and "=".
 */
export function readTokens(header: string | undefined = "", needle: string, max: number): PresentedTokens {
  let tokens: readonly Token[] = [];
  let malformed = false;
  let start = findCookie(header, needle, 0);
  while (start !== -1 && tokens.length < max) {
    const semicolon = header.indexOf(";", start);
    const after = semicolon === -1 ? header.length : semicolon;
    let end = after;
    while (isBlank(header, start)) start++;
    // The "=" of the name stops this loop.
    while (isBlank(header, end - 1)) end--;
    const token = parseToken(header, start, end);
    if (!token) malformed = true;
    else if (tokens.length === 0) tokens = [token];
    else if (!tokens.some(({ id, secret }) => id === token.id && secret === token.secret))
      tokens = [...tokens, token];
    start = findCookie(header, needle, after);
  }
  return { tokens, malformed };
}

/** Returns the value of the first cookie of that name. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  const start = findCookie(header, `${name}=`, 0);
  if (start === -1) return undefined;
  const semicolon = header.indexOf(";", start);
  return header.slice(start, semicolon === -1 ? header.length : semicolon).trim();
}

/** Returns where the value of the next cookie of that name begins, or -1. Linear in the header's length. */
function findCookie(header: string, needle: string, from: number): number {
  for (let at = header.indexOf(needle, from); at !== -1; at = header.indexOf(needle, at + needle.length)) {
    let before = at - 1;
    while (isBlank(header, before)) before--;
    // Otherwise this is the end of a longer name, or inside a value.
    if (before < 0 || header[before] === ";") return at + needle.length;
  }
  return -1;
}

/** Whether there is a space or a tab. */
function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 32 || code === 9;
}

/** Serializes a Set-Cookie line (RFC 6265 section 4.1.1). The manager has checked that no part can split the header. */
export function serializeCookie(cookie: SetCookie): string {
  let line = `${cookie.name}=${cookie.value}; Path=${cookie.path}`;
  if (cookie.domain !== undefined) line += `; Domain=${cookie.domain}`;
  if (cookie.expires !== undefined) line += `; Expires=${new Date(cookie.expires).toUTCString()}`;
  if (cookie.maxAge !== undefined) line += `; Max-Age=${cookie.maxAge}`;
  if (cookie.httpOnly) line += "; HttpOnly";
  if (cookie.secure) line += "; Secure";
  line += `; SameSite=${SAME_SITE[cookie.sameSite]}`;
  if (cookie.partitioned) line += "; Partitioned";
  return line;
}

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;

/** The attributes by which a browser tells cookies apart: RFC 6265 section 5.3 step 11, and the partition (CHIPS). */
export type CookieIdentity = Pick<SetCookie, "name" | "path" | "domain" | "partitioned">;

function toIdentity({ name, path, domain = "", partitioned }: CookieIdentity): string {
  return `${name};${domain.toLowerCase()};${path};${partitioned}`;
}

/** Whether two cookies replace each other in a browser. */
export function isSameCookie(a: CookieIdentity, b: CookieIdentity): boolean {
  return toIdentity(a) === toIdentity(b);
}

/** Whether a Set-Cookie line sets that cookie, rather than another one with the same name. */
export function setsCookie(line: string, cookie: CookieIdentity): boolean {
  if (!line.startsWith(`${cookie.name}=`)) return false;
  const attributes = new Map<string, string>();
  for (const part of line.split(";").slice(1)) {
    const [name = "", ...value] = part.split("=");
    // The last of several equal attributes counts.
    attributes.set(name.trim().toLowerCase(), value.join("=").trim());
  }
  const partitioned = attributes.has("partitioned");
  const domain = attributes.get("domain")?.replace(/^\./, "") ?? "";
  // Without a path, the browser uses the path of the request, which is unknown here.
  const its = { name: cookie.name, path: attributes.get("path") ?? "", domain, partitioned };
  return isSameCookie(its, cookie);
}

/** Returns the Set-Cookie lines with this cookie as the last. Earlier lines of the same cookie are removed. */
export function withCookie(lines: readonly string[], cookie: SetCookie): string[] {
  return [...lines.filter((line) => !setsCookie(line, cookie)), serializeCookie(cookie)];
}

/** The cookies that a response will set, in order. The order matters to browsers that do not support `Partitioned`. */
export class OutgoingCookies {
  readonly #cookies = new Map<string, SetCookie>();

  get size(): number {
    return this.#cookies.size;
  }

  /** Adds a cookie at the end and removes an earlier one of the same identity. */
  set(cookie: SetCookie): void {
    const identity = toIdentity(cookie);
    this.#cookies.delete(identity);
    this.#cookies.set(identity, cookie);
  }

  [Symbol.iterator](): Iterator<SetCookie> {
    return this.#cookies.values();
  }
}
