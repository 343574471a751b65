import { type OutgoingCookies, serializeCookie, setsCookie } from "../../cookie/cookie-header.ts";
import type { SessionError } from "../../errors.ts";
import { toErrorResponse } from "../../http/error-response.ts";
import type { RouteAnswer } from "../../http/mount.ts";

/** A response in its structured form. AWS sends an object without a `statusCode` as JSON with 200. */
export interface LambdaResult {
  statusCode?: number | undefined;
  headers?: { [name: string]: boolean | number | string } | undefined;
  /** Set-Cookie lines. In `headers`, several lines would become one, which browsers do not split. */
  cookies?: string[] | undefined;
  body?: string | undefined;
  isBase64Encoded?: boolean | undefined;
}

/** Returns a route's answer as a result. */
export function toResult({ status, headers, body }: RouteAnswer): LambdaResult {
  return { statusCode: status, headers: { ...headers }, body };
}

/** Returns the result for a rejected request when the app has no `reject`. */
export function toErrorResult(error: SessionError): LambdaResult {
  return toResult(toErrorResponse(error));
}

/** Returns a copy of the result with cookies and headers (by lower-case names); the result itself if there are none. */
export function addToResult<Result>(
  result: Result,
  cookies: OutgoingCookies,
  headers: Readonly<Record<string, string>>,
  /** Headers for a result that has none of that name. */
  defaults: Readonly<Record<string, string>>,
): Result | LambdaResult {
  if (cookies.size === 0 && Object.keys({ ...headers, ...defaults }).length === 0) return result;
  const response = toStructured(result);
  const lines = response.cookies ?? [];
  // A wrapped handler inside of this one had the request later. A cookie that it set stays.
  const added = [...cookies].filter((cookie) => !lines.some((line) => setsCookie(line, cookie)));
  const own = response.headers ?? {};
  const named = Object.fromEntries(Object.keys(own).map((name) => [name.toLowerCase(), true]));
  return {
    ...response,
    headers: { ...without(defaults, named), ...without(own, headers), ...headers },
    ...(added.length > 0 && { cookies: [...lines, ...added.map(serializeCookie)] }),
  };
}

/** Converts a result into the structured form, which has a place for cookies, as AWS itself would. */
function toStructured(result: unknown): LambdaResult {
  if (isStructured(result)) return result;
  // The runtime sends `null` for `undefined`.
  const json = JSON.stringify(result) ?? "null";
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    // AWS sends a string, and a value whose JSON is one such as a date, as the body itself without quotes.
    body: json.startsWith('"') ? JSON.parse(json) : json,
    isBase64Encoded: false,
  };
}

function isStructured(result: unknown): result is LambdaResult {
  return (
    typeof result === "object" && result !== null && "statusCode" in result && result.statusCode !== undefined
  );
}

/** Returns the headers that `names` does not list. The app's names may be in any case; `names` is in lower case. */
function without<Value>(
  headers: Readonly<Record<string, Value>>,
  names: Readonly<Record<string, unknown>>,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !Object.hasOwn(names, name.toLowerCase())),
  );
}
