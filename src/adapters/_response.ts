import type { SessionError } from "../errors.ts";
import type { RouteAnswer } from "../routes.ts";
import { rejectionOf } from "../wire/rejection.ts";

/** What a route answers, as a platform with `Request` and `Response` takes it. */
export function responseOf({ status, headers, body }: RouteAnswer): Response {
  return new Response(body ?? null, { status, headers });
}

/** The refusal of an app that has none of its own. */
export function rejectionResponse(error: SessionError): Response {
  return responseOf(rejectionOf(error));
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

/** The response with ours among its headers. Always a copy: the handler's own may be immutable, or kept for other requests. */
export function withHeaders(response: Response, ours: Headers): Response {
  const lines = [...ours];
  // Response.error() and a WebSocket's 101 cannot be copied.
  if (lines.length === 0 || response.status < 200) return response;
  const copy = new Response(response.body, response);
  for (const [name, value] of lines) {
    if (name === "set-cookie") copy.headers.append(name, value);
    else copy.headers.set(name, value);
  }
  return copy;
}
