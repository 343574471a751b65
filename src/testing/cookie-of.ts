import { parseSetCookie } from "./adapter/client.ts";

/**
 * A response whose cookies can be read: a fetch or Hono `Response`, node:http's `IncomingMessage`, supertest's response, or
 * the response of Fastify's `inject`.
 */
export interface ResponseWithCookies {
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly headers: { getSetCookie(): readonly string[] } | { readonly [name: string]: unknown };
}

/**
 * Returns the `Cookie` header for the next request: the cookies that the response sets. Omits the cookies that the
 * response clears, so the header is empty after a logout.
 *
 * Throws `TypeError` for a response without a Set-Cookie header, because the login of the test has failed.
 *
 * @example
 * ```ts run
 * import assert from "node:assert/strict";
 * import { Hono } from "hono";
 * import { Manager } from "sessionup";
 * import { honoSessions } from "sessionup/hono";
 * import { memoryStore } from "sessionup/stores/memory";
 * import { cookieOf } from "sessionup/testing";
 *
 * const sessions = honoSessions(new Manager(memoryStore()));
 * const app = new Hono()
 *   .post("/login", async (c) => {
 *     await sessions.init(c, "user-1");
 *     return c.text("welcome");
 *   })
 *   .get("/", sessions.auth(), (c) => c.text(`Hello, ${c.var.session.userKey}`));
 *
 * const cookie = cookieOf(await app.request("/login", { method: "POST" }));
 * const response = await app.request("/", { headers: { cookie } });
 * assert.equal(await response.text(), "Hello, user-1");
 * ```
 */
export function cookieOf(response: ResponseWithCookies): string {
  const lines = setCookieLines(response?.headers);
  if (lines.length === 0) {
    const status = response.status ?? response.statusCode;
    throw new TypeError(
      `cookieOf: the response must have a Set-Cookie header. Received ${status === undefined ? "none" : `status ${status} without one`}. ` +
        "Pass the response to a request that logs in or out.",
    );
  }
  const cookies = new Map<string, string>();
  for (const line of lines) {
    const { name, value, attributes } = parseSetCookie(line);
    cookies.delete(name);
    if (!isExpired(attributes)) cookies.set(name, value);
  }
  return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}

function setCookieLines(headers: ResponseWithCookies["headers"] | undefined): readonly string[] {
  if (typeof headers !== "object" || headers === null) {
    throw new TypeError(
      "cookieOf: the argument must be a response with headers, such as a Response or the result of inject().",
    );
  }
  if (typeof headers.getSetCookie === "function") return headers.getSetCookie();
  const value = "set-cookie" in headers ? headers["set-cookie"] : undefined;
  return [value].flat().filter((line) => typeof line === "string");
}

/** RFC 6265 section 5.3: Max-Age takes precedence over Expires. */
function isExpired(attributes: ReadonlyMap<string, string>): boolean {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  const expires = attributes.get("expires");
  return expires !== undefined && Date.parse(expires) <= Date.now();
}
