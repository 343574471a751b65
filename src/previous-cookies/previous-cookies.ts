import { isSameCookie } from "../cookie/cookie-header.ts";
import { type CookieOptions, parsePreviousCookie } from "../options/cookie-options.ts";
import { invalidOption } from "../options/parsers.ts";
import type { PreviousCookies } from "../options/previous-cookies.ts";
import { chooseAndMove } from "./choose-token.ts";
import { MigratingCookie } from "./migrating-cookie.ts";

/** The settings of a previous cookie. A missing option had its default. */
export type PreviousCookie = Omit<CookieOptions, "previous">;

/**
 * Returns the option `cookie.previous`, from the earlier settings of the cookie, one entry per setting. A session whose token
 * arrives only in a previous cookie continues and moves to the current cookie.
 *
 * Throws `TypeError` for invalid settings. The manager throws `TypeError` if a previous cookie is the current one.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { previousCookies } from "sessionup/previous-cookies";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * // The cookie was `sid` for all subdomains, and is now `__Host-sessionup`.
 * const previous = previousCookies([{ name: "sid", domain: "example.com" }]);
 * const manager = new Manager(memoryStore(), { cookie: { previous } });
 * ```
 */
export function previousCookies(cookies: readonly PreviousCookie[]): PreviousCookies {
  if (!Array.isArray(cookies))
    throw invalidOption("previousCookies", 'an array of cookie options such as [{ name: "sid" }]', cookies);
  const parsed = cookies.map((each, index) => parsePreviousCookie(each, `previousCookies[${index}]`));
  const previous = parsed.map(({ attributes }) => attributes);
  return Object.freeze({
    names: Object.freeze(previous.map(({ name }) => name)),
    bases: Object.freeze(parsed.map(({ base }) => base)),
    check(current) {
      const index = previous.findIndex((each) => isSameCookie(each, current.attributes));
      if (index !== -1) throw new TypeError(`cookie.previous[${index}] must differ from the current cookie.`);
    },
    createCookie: (current) => new MigratingCookie(current, previous),
    choose: chooseAndMove,
  } satisfies PreviousCookies);
}
