import type { SetCookie } from "../exchange.ts";
import { parseToken, type Token } from "./token.ts";

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
    while (end > start && isBlank(header, end - 1)) end--;
    const token = parseToken(header, start, end);
    if (!token) malformed = true;
    else if (!tokens.some(({ id, secret }) => id === token.id && secret === token.secret)) tokens.push(token);
    start = findCookie(header, needle, after);
  }
  return { tokens, malformed };
}

/** Where the value of the next cookie of that name begins, or -1. Linear in the header's length. */
function findCookie(header: string, needle: string, from: number): number {
  for (let at = header.indexOf(needle, from); at !== -1; at = header.indexOf(needle, at + needle.length)) {
    let before = at - 1;
    while (before >= from && isBlank(header, before)) before--;
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

/** Whether a Set-Cookie line is about the cookie of that name. */
export function setsCookie(line: string, name: string): boolean {
  return line.startsWith(`${name}=`);
}

/** The Set-Cookie lines with this one in: an earlier one of the same name goes, all others stay as they are. */
export function withCookie(lines: readonly string[], cookie: SetCookie): string[] {
  return [...lines.filter((line) => !setsCookie(line, cookie.name)), serializeCookie(cookie)];
}
