import type { SessionError } from "../../errors.ts";
import { toErrorResponse } from "../../http/error-response.ts";
import type { RouteAnswer } from "../../http/mount.ts";

/** Returns a route's answer as a `Response`. */
export function toResponse({ status, headers, body }: RouteAnswer): Response {
  return new Response(body ?? null, { status, headers });
}

/** Returns the response to a rejected request when the app has no `reject`. */
export function toRejection(error: SessionError): Response {
  return toResponse(toErrorResponse(error));
}

/** Replaces the Set-Cookie lines with the result of `change`. */
export function replaceCookies(
  headers: Headers,
  change: (lines: readonly string[]) => readonly string[],
): void {
  const lines = change(headers.getSetCookie());
  headers.delete("set-cookie");
  for (const line of lines) headers.append("set-cookie", line);
}

/**
 * Returns the response with `headers`, and with those of `defaults` that the response lacks (names in lower case). Copies a
 * response that gets headers, because a handler's own may be immutable or serve other requests, too.
 */
export function addHeaders(
  response: Response,
  headers: Headers,
  defaults: ReadonlyMap<string, string>,
): Response {
  // Response.error() and a WebSocket's 101 cannot be copied.
  if (response.status < 200) return response;
  const added = [...headers];
  if (added.length === 0) return addDefaults(response, defaults);
  const copy = new Response(response.body, response);
  for (const [name, value] of added) {
    if (name === "set-cookie") copy.headers.append(name, value);
    else copy.headers.set(name, value);
  }
  return addDefaults(copy, defaults);
}

/** Copies only an immutable response: the body of a copy is a stream, so servers would not know its length. */
function addDefaults(response: Response, defaults: ReadonlyMap<string, string>): Response {
  const missing = [...defaults].filter(([name]) => !response.headers.has(name));
  try {
    for (const [name, value] of missing) response.headers.set(name, value);
    return response;
  } catch {
    const copy = new Response(response.body, response);
    for (const [name, value] of missing) copy.headers.set(name, value);
    return copy;
  }
}
