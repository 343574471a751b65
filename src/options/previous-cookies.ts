import type { CookieSet, SessionCookie } from "../cookie/session-cookie.ts";
import type { AuthResult } from "../lifecycle/auth-result.ts";
import type { Attempt } from "../lifecycle/authenticate.ts";
import type { TokenVerdict } from "../rules/verify-token.ts";
import type { MaybePromise } from "../store.ts";
import type { ParsedCookie } from "./cookie-options.ts";

/** Moves sessions from previous cookies to the current one. Created by `previousCookies()` of `sessionup/previous-cookies`. */
export interface PreviousCookies {
  /** The names under which the previous cookies were sent. */
  readonly names: readonly string[];
  /** The base names of the previous cookies. @internal */
  readonly bases: readonly string[];
  /** Throws `TypeError` if a previous cookie is the current one. @internal */
  check(current: ParsedCookie): void;
  /** Creates the cookie of a manager that also reads and clears the previous ones. @internal */
  createCookie(current: CookieSet): SessionCookie;
  /** Chooses the token that counts and moves it to the current cookie. @internal */
  choose<Out>(
    attempt: Attempt<Out>,
    verdicts: readonly TokenVerdict[],
    now: number,
  ): MaybePromise<AuthResult<Out>>;
}
