import type { SessionError } from "../../errors.ts";
import { toErrorResponse } from "../../http/error-response.ts";
import type { RouteAnswer } from "../../http/mount.ts";

/** What a route answers, as a platform with `Request` and `Response` takes it. */
export function responseOf({ status, headers, body }: RouteAnswer): Response {
  return new Response(body ?? null, { status, headers });
}

/** The refusal of an app that has none of its own. */
export function rejectionResponse(error: SessionError): Response {
  return responseOf(toErrorResponse(error));
}

/** Puts what `change` makes of the Set-Cookie lines in their place. */
export function replaceCookies(
  headers: Headers,
  change: (lines: readonly string[]) => readonly string[],
): void {
  const lines = change(headers.getSetCookie());
  headers.delete("set-cookie");
  for (const line of lines) headers.append("set-cookie", line);
}

/** Headers by their lower-case names that a response gets where it has none of that name. */
export type DefaultHeaders = ReadonlyMap<string, string>;

/** The response with ours among its headers: a copy, since the handler's own may be immutable, or kept for other requests. */
export function withHeaders(response: Response, ours: Headers, defaults: DefaultHeaders): Response {
  const lines = [...ours];
  // Response.error() and a WebSocket's 101 cannot be copied.
  if (response.status < 200) return response;
  if (lines.length === 0) return withDefaults(response, defaults);
  const copy = new Response(response.body, response);
  for (const [name, value] of lines) {
    if (name === "set-cookie") copy.headers.append(name, value);
    else copy.headers.set(name, value);
  }
  return withDefaults(copy, defaults);
}

/**
 * The response with what it lacks of these. Not a copy where it can be changed: the body of a copy is a stream, whose
 * length no server knows.
 */
function withDefaults(response: Response, defaults: DefaultHeaders): Response {
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
