import { OutgoingCookies, withCookie } from "../../cookie/cookie-header.ts";

/** The part of a Node response that is used here. */
interface Response {
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  writeHead: (...given: never[]) => unknown;
}

/** The headers that a response keeps when the app replaces or removes headers. Names are in lower case. */
interface KeptHeaders {
  readonly cookies: OutgoingCookies;
  readonly headers: Map<string, string>;
  /** Only for a response that has no such header in the end. */
  readonly defaults: Map<string, string>;
}

const keptByResponse = new WeakMap<Response, KeptHeaders>();

/**
 * Returns the headers that a response keeps. `writeHead` is the last moment to set a header: Node calls it for every
 * response, after handlers, error handlers and streams have replaced or removed headers. The first call of this function
 * wraps it, so a response without a session cookie costs nothing.
 */
export function keptHeaders(response: Response): KeptHeaders {
  const known = keptByResponse.get(response);
  if (known) return known;
  const kept: KeptHeaders = { cookies: new OutgoingCookies(), headers: new Map(), defaults: new Map() };
  keptByResponse.set(response, kept);
  const { writeHead } = response;
  response.writeHead = (...given) => Reflect.apply(writeHead, response, restore(response, kept, given));
  return kept;
}

/** Sets the kept headers. Returns the arguments of `writeHead` without the headers that would replace them. */
function restore(response: Response, kept: KeptHeaders, given: readonly unknown[]): readonly unknown[] {
  const { cookies, headers, defaults } = kept;
  let lines = cookieLines(response);
  const rest = given.map((argument) => {
    if (typeof argument !== "object" || argument === null) return argument;
    const pairs = toPairs(argument);
    const setCookies = pairs.filter(([name]) => isNamed(name, "set-cookie"));
    if (setCookies.length > 0) lines = setCookies.flatMap(([, value]) => toLines(value));
    const others = pairs.filter(([name]) => !isNamed(name, "set-cookie", ...headers.keys()));
    return others.length === pairs.length ? argument : fromPairs(others, argument);
  });
  for (const cookie of cookies) lines = withCookie(lines, cookie);
  if (lines.length > 0) response.setHeader("set-cookie", lines);
  for (const [name, value] of headers) response.setHeader(name, value);
  for (const [name, value] of defaults) {
    if (response.getHeader(name) === undefined) response.setHeader(name, value);
  }
  return rest;
}

type Pair = readonly unknown[];

function isNamed(name: unknown, ...names: readonly string[]): boolean {
  return names.includes(String(name).toLowerCase());
}

/** Reads the headers argument of `writeHead`: an object, a list of pairs, or one list of alternating names and values. */
function toPairs(headers: object): readonly Pair[] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers;
  return Array.from({ length: Math.ceil(headers.length / 2) }, (_, at) => headers.slice(2 * at, 2 * at + 2));
}

/** Puts pairs back into the form of the original argument. */
function fromPairs(pairs: readonly Pair[], original: object): object {
  if (!Array.isArray(original)) return Object.fromEntries(pairs);
  return Array.isArray(original[0]) ? pairs : pairs.flat();
}

/** Returns the Set-Cookie lines so far, of a response or of Fastify's reply. */
export function cookieLines(response: Pick<Response, "getHeader">): readonly string[] {
  return toLines(response.getHeader("set-cookie"));
}

function toLines(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
