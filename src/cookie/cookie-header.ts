import type { SetCookie } from "../exchange.ts";
import { parseToken, type Token } from "./token.ts";

/** Browsers keep no cookie for longer, in milliseconds. */
export const MAX_COOKIE_AGE: number = 400 * 86_400_000;

/** The tokens that a request brought. */
export interface PresentedTokens {
  readonly tokens: readonly Token[];
  /** Whether a cookie of our name was no token. */
  readonly malformed: boolean;
}

const NOTHING: PresentedTokens = Object.freeze({ tokens: Object.freeze([]), malformed: false });

/**
 * The tokens in a Cookie header (RFC 6265 section 4.2.1), in the order they came, equal ones once, at most `most`.
 * What is no token does not count, so that junk cannot crowd out the real one. `needle` is the cookie's name and "=".
 */
export function readTokens(header: string | undefined, needle: string, most: number): PresentedTokens {
  if (header === undefined) return NOTHING;
  let start = findCookie(header, needle, 0);
  if (start === -1) return NOTHING;
  const tokens: Token[] = [];
  let malformed = false;
  while (start !== -1 && tokens.length < most) {
    const semicolon = header.indexOf(";", start);
    const after = semicolon === -1 ? header.length : semicolon;
    let end = after;
    while (isBlank(header, start)) start++;
    // The name's "=" ends it.
    while (isBlank(header, end - 1)) end--;
    const token = parseToken(header, start, end);
    if (!token) malformed = true;
    else if (!tokens.some(({ id, secret }) => id === token.id && secret === token.secret)) tokens.push(token);
    start = findCookie(header, needle, after);
  }
  return { tokens, malformed };
}

/** The value of the first cookie of that name, or `undefined`. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  const start = findCookie(header, `${name}=`, 0);
  if (start === -1) return undefined;
  const semicolon = header.indexOf(";", start);
  return header.slice(start, semicolon === -1 ? header.length : semicolon).trim();
}

/** Where the value of the next cookie of that name begins, or -1. Linear in the header's length. */
function findCookie(header: string, needle: string, from: number): number {
  for (let at = header.indexOf(needle, from); at !== -1; at = header.indexOf(needle, at + needle.length)) {
    let before = at - 1;
    while (isBlank(header, before)) before--;
    // Else it is the end of a longer name, or inside of a value.
    if (before < 0 || header[before] === ";") return at + needle.length;
  }
  return -1;
}

/** A blank or a tab. */
function isBlank(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === 32 || code === 9;
}

/** A Set-Cookie line (RFC 6265 section 4.1.1). The manager has checked that no part can split the header. */
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

/** By what a browser knows one cookie from another: RFC 6265 section 5.3 step 11, and the jar that it is in (CHIPS). */
export type CookieIdentity = Pick<SetCookie, "name" | "path" | "domain" | "partitioned">;

function identityOf({ name, path, domain = "", partitioned }: CookieIdentity): string {
  return `${name};${domain.toLowerCase()};${path};${partitioned}`;
}

/** Whether two are one to a browser. */
export function isSameCookie(a: CookieIdentity, b: CookieIdentity): boolean {
  return identityOf(a) === identityOf(b);
}

/** Whether a Set-Cookie line is about that cookie, and not about another one of its name. */
export function setsCookie(line: string, cookie: CookieIdentity): boolean {
  if (!line.startsWith(`${cookie.name}=`)) return false;
  const attributes = new Map<string, string>();
  for (const part of line.split(";").slice(1)) {
    const [name = "", ...value] = part.split("=");
    // Of several the last one counts.
    attributes.set(name.trim().toLowerCase(), value.join("=").trim());
  }
  const partitioned = attributes.has("partitioned");
  const domain = attributes.get("domain")?.replace(/^\./, "") ?? "";
  // Without a path it is the one of the request, which is not ours to know.
  const its = { name: cookie.name, path: attributes.get("path") ?? "", domain, partitioned };
  return isSameCookie(its, cookie);
}

/** The Set-Cookie lines with this one in, as the last: an earlier one of the same cookie goes, all others stay as they are. */
export function withCookie(lines: readonly string[], cookie: SetCookie): string[] {
  return [...lines.filter((line) => !setsCookie(line, cookie)), serializeCookie(cookie)];
}

/** The cookies that a response is to set, in their order: to a browser that knows no jars it counts. */
export class OutgoingCookies {
  readonly #cookies = new Map<string, SetCookie>();

  get size(): number {
    return this.#cookies.size;
  }

  /** The last one counts. */
  set(cookie: SetCookie): void {
    const identity = identityOf(cookie);
    this.#cookies.delete(identity);
    this.#cookies.set(identity, cookie);
  }

  [Symbol.iterator](): Iterator<SetCookie> {
    return this.#cookies.values();
  }
}
