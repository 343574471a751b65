import { OutgoingCookies, withCookie } from "../../cookie/cookie-header.ts";

/** What is used of a Node response here. */
interface Response {
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string | readonly string[]): unknown;
  writeHead: (...given: never[]) => unknown;
}

/** What leaves with a response, whatever the app does to its headers. Names are in lower case. */
interface Kept {
  readonly cookies: OutgoingCookies;
  readonly headers: Map<string, string>;
  /** Only where the response has no such header in the end. */
  readonly defaults: Map<string, string>;
}

const keptBy = new WeakMap<Response, Kept>();

/**
 * What this response keeps. `writeHead` is the last moment to set a header: Node calls it for every response, after
 * handlers, error handlers and streams have replaced or removed headers. It is wrapped at the first call of this
 * function, so a response without a cookie of ours costs nothing.
 */
export function keptOf(response: Response): Kept {
  const before = keptBy.get(response);
  if (before) return before;
  const kept: Kept = { cookies: new OutgoingCookies(), headers: new Map(), defaults: new Map() };
  keptBy.set(response, kept);
  const { writeHead } = response;
  response.writeHead = (...given) => Reflect.apply(writeHead, response, restore(response, kept, given));
  return kept;
}

/** Sets what is kept, and returns the arguments of `writeHead` without the headers that would replace it. */
function restore(response: Response, kept: Kept, given: readonly unknown[]): readonly unknown[] {
  const { cookies, headers, defaults } = kept;
  let lines = linesOf(response.getHeader("set-cookie"));
  const rest = given.map((argument) => {
    if (typeof argument !== "object" || argument === null) return argument;
    const pairs = pairsOf(argument);
    const theirs = pairs.filter(([name]) => isNamed(name, "set-cookie"));
    if (theirs.length > 0) lines = theirs.flatMap(([, value]) => linesOf(value));
    const others = pairs.filter(([name]) => !isNamed(name, "set-cookie", ...headers.keys()));
    return others.length === pairs.length ? argument : inTheFormOf(argument, others);
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

/** The headers that `writeHead` was given: an object, a list of pairs, or one list of names and values in turn. */
function pairsOf(headers: object): readonly Pair[] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers;
  return Array.from({ length: Math.ceil(headers.length / 2) }, (_, at) => headers.slice(2 * at, 2 * at + 2));
}

function inTheFormOf(headers: object, pairs: readonly Pair[]): object {
  if (!Array.isArray(headers)) return Object.fromEntries(pairs);
  return Array.isArray(headers[0]) ? pairs : pairs.flat();
}

/** The lines of a header, which may be absent, a text or a list. */
export function linesOf(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
