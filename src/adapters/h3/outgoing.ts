import { OutgoingCookies, serializeCookie, setsCookie, withCookie } from "../../cookie/cookie-header.ts";
import type { SetCookie } from "../../exchange.ts";
import { replaceCookies } from "../shared/response.ts";
import type { H3Context } from "./exchange.ts";

const OUTGOING = Symbol("sessionup/h3");

/** The cookies and headers of the response to an event. All managers share this object. */
interface Outgoing {
  readonly cookies: OutgoingCookies;
  readonly headers: Map<string, string>;
  /** Headers for a response that has none of that name. */
  readonly defaults: Map<string, string>;
}

interface Carrier {
  [OUTGOING]?: Outgoing;
}

function findOutgoing(event: object): Outgoing | undefined {
  const carrier: Carrier = event;
  return carrier[OUTGOING];
}

function createOutgoing(event: object): Outgoing {
  const carrier: Carrier = event;
  carrier[OUTGOING] ??= { cookies: new OutgoingCookies(), headers: new Map(), defaults: new Map() };
  return carrier[OUTGOING];
}

export function setEventCookie(event: H3Context, cookie: SetCookie): void {
  createOutgoing(event).cookies.set(cookie);
  replaceEventCookies(event, (lines) => withCookie(lines, cookie));
}

export function setEventHeader(event: H3Context, name: string, value: string): void {
  createOutgoing(event).headers.set(name, value);
  event.res.headers.set(name, value);
  event.res.errHeaders.set(name, value);
}

export function setEventDefault(event: H3Context, name: string, value: string): void {
  createOutgoing(event).defaults.set(name, value);
}

/** Changes both, because h3 responds to an error with separate headers. */
function replaceEventCookies(
  { res }: H3Context,
  change: (lines: readonly string[]) => readonly string[],
): void {
  for (const headers of [res.headers, res.errHeaders]) replaceCookies(headers, change);
}

/** Adds the headers to the response that h3 makes of a handler's value. */
export function addToValue(event: H3Context, value: unknown): void {
  const outgoing = findOutgoing(event);
  if (!outgoing) return;
  const lines = value instanceof Response ? value.headers.getSetCookie() : [];
  for (const cookie of outgoing.cookies) {
    // A Response with the same cookie comes from a mounted app, which had the request later. Its cookie stays.
    if (lines.some((line) => setsCookie(line, cookie)))
      replaceEventCookies(event, (lines) => lines.filter((line) => !setsCookie(line, cookie)));
  }
  addHeadersTo(event.res.headers, value, outgoing);
}

/** Adds the headers to the response that h3 makes of an error. */
export function addToError(event: H3Context, error: unknown): void {
  const outgoing = findOutgoing(event);
  if (outgoing) addHeadersTo(event.res.errHeaders, error, outgoing);
}

/** Adds the cookies and headers to a `Response` that an error handler made. */
export function addToErrorResponse(response: Response, event: object): void {
  const outgoing = findOutgoing(event);
  if (!outgoing) return;
  const lines = response.headers.getSetCookie();
  for (const cookie of outgoing.cookies) {
    if (!lines.some((line) => setsCookie(line, cookie)))
      response.headers.append("set-cookie", serializeCookie(cookie));
  }
  addHeadersTo(response.headers, undefined, outgoing);
}

/** Sets headers on those that h3 has prepared, with regard to a value or error that has headers of its own. */
function addHeadersTo(prepared: Headers, made: unknown, { headers, defaults }: Outgoing): void {
  // Also over "public", which a handler with a cacheable response sets: a session cookie must not be cached.
  for (const [name, value] of headers) prepared.set(name, value);
  const { headers: own }: { readonly headers?: unknown } = Object(made);
  const target = own instanceof Headers ? own : prepared;
  for (const [name, value] of defaults) {
    if (target.has(name) || prepared.has(name)) continue;
    try {
      // With prepared headers, h3 would copy a Response, and no server would know the length of its body.
      target.set(name, value);
    } catch {
      prepared.set(name, value);
    }
  }
}
