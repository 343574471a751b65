import type { Carrier } from "../cookie/carrier.ts";
import type { PresentedTokens } from "../cookie/cookie-header.ts";
import type { CookieSet } from "../cookie/session-cookie.ts";
import type { Exchange } from "../exchange.ts";
import type { AuthResult } from "../lifecycle/auth-result.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import type { RequestUse } from "../lifecycle/refresh.ts";
import type { TokenVerdict } from "../rules/verify-token.ts";
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
  createCookie(current: CookieSet): Carrier;
  /** Chooses the token that counts and moves it to the current cookie. @internal */
  choose<Out>(
    lifecycle: Lifecycle<unknown, Out>,
    exchange: Exchange,
    presented: PresentedTokens,
    verdicts: readonly TokenVerdict[],
    now: number,
    use: RequestUse,
  ): AuthResult<Out> | Promise<AuthResult<Out>>;
}
