import { type OutgoingCookies, serializeCookie, setsCookie } from "../../cookie/cookie-header.ts";
import type { SessionError } from "../../errors.ts";
import { toErrorResponse } from "../../http/error-response.ts";
import type { RouteAnswer } from "../../http/mount.ts";

/** A response in its structured form. To AWS, an object without a `statusCode` is none, but JSON to be sent with 200. */
export interface LambdaResult {
  statusCode?: number | undefined;
  headers?: { [name: string]: boolean | number | string } | undefined;
  /** Set-Cookie lines. Several of them in `headers` would be one, which browsers do not take apart. */
  cookies?: string[] | undefined;
  body?: string | undefined;
  isBase64Encoded?: boolean | undefined;
}

/** What a route answers, as a result. */
export function resultOf({ status, headers, body }: RouteAnswer): LambdaResult {
  return { statusCode: status, headers: { ...headers }, body };
}

/** The refusal of an app that has none of its own. */
export function rejectionResult(error: SessionError): LambdaResult {
  return resultOf(toErrorResponse(error));
}

/** The result with ours on it: cookies, and headers by their lower-case names. Always a copy. */
export function withOurs<Result>(
  result: Result,
  cookies: OutgoingCookies,
  headers: Readonly<Record<string, string>>,
  /** Those that the result gets where it has none of that name. */
  defaults: Readonly<Record<string, string>>,
): Result | LambdaResult {
  if (cookies.size === 0 && Object.keys({ ...headers, ...defaults }).length === 0) return result;
  const response = structured(result);
  const theirs = response.cookies ?? [];
  // One that is the same as ours is of a handler inside of this one, which had the request after us.
  const ours = [...cookies].filter((cookie) => !theirs.some((line) => setsCookie(line, cookie)));
  const own = response.headers ?? {};
  const named = Object.fromEntries(Object.keys(own).map((name) => [name.toLowerCase(), true]));
  return {
    ...response,
    headers: { ...without(defaults, named), ...without(own, headers), ...headers },
    ...(ours.length > 0 && { cookies: [...theirs, ...ours.map(serializeCookie)] }),
  };
}

/** What AWS makes of a result, in the form in which cookies have a place. */
function structured(result: unknown): LambdaResult {
  if (isStructured(result)) return result;
  // The runtime sends `null` for nothing.
  const json = JSON.stringify(result) ?? "null";
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    // A text is the body itself, without quotes; so is what becomes one, such as a date.
    body: json.startsWith('"') ? JSON.parse(json) : json,
    isBase64Encoded: false,
  };
}

function isStructured(result: unknown): result is LambdaResult {
  return (
    typeof result === "object" && result !== null && "statusCode" in result && result.statusCode !== undefined
  );
}

/** Those of the app that ours do not take the place of, in whatever case it has written them. */
function without<Value>(
  headers: Readonly<Record<string, Value>>,
  ours: Readonly<Record<string, unknown>>,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !Object.hasOwn(ours, name.toLowerCase())),
  );
}
