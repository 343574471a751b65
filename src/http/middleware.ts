import type { RequestUse } from "../lifecycle/refresh.ts";
import { checkOptionNames } from "../options/checks.ts";
import { needOf, type StepUpOptions } from "../options/step-up-options.ts";
import type { StepUpRequirement } from "../rules/step-up.ts";

/** What `public` can be told. */
export interface PublicOptions {
  /**
   * Default true. False: the request is no activity, and keeps no idle session alive. For what a page does by itself:
   * polling, refreshing (NIST SP 800-63B-4 section 5.2). The first middleware of a request that says true counts.
   */
  readonly touch?: boolean;
  /**
   * Default `"refuse"`: 403 for what a page of another origin sends to change something (`POST`, `PUT`, `PATCH`,
   * `DELETE`, ...), before the store is asked; `trustedOrigins` may. `"allow"`: every page on the web may send it in the
   * name of whoever looks at that page. For a login that comes back from an identity provider by a form
   * (`response_mode=form_post`, SAML), where `state` and `nonce` prove that this browser had begun it. It also lets what
   * is called in the handler pass. Not what stands before it: put the route before `public()` or `auth()` for all routes.
   */
  readonly crossOrigin?: "allow" | "refuse";
}

/** What `auth` can be told. Where more has to be proved: 401 with the reason `stale_authentication`, and what it is. */
export interface AuthOptions extends PublicOptions, StepUpOptions {}

/** What they come to. @internal */
export interface GuardRules {
  readonly use: RequestUse;
  readonly need: StepUpRequirement | undefined;
  readonly allowsCrossOrigin: boolean;
}

/** Checks the options of `public`. Throws `TypeError` naming the option and the mend. @internal */
export function publicRules(options: PublicOptions = {}): GuardRules {
  checkOptionNames(options, "public", ["touch", "crossOrigin"]);
  return {
    use: { touch: touchOf(options, "public"), rotate: false },
    need: undefined,
    allowsCrossOrigin: allowsCrossOrigin(options, "public"),
  };
}

/** Checks the options of `auth`. Throws `TypeError` naming the option and the mend. @internal */
export function authRules(options: AuthOptions = {}): GuardRules {
  checkOptionNames(options, "auth", ["touch", "maxAuthAge", "level", "crossOrigin"]);
  return {
    use: { touch: touchOf(options, "auth"), rotate: true },
    need: needOf(options, "auth"),
    allowsCrossOrigin: allowsCrossOrigin(options, "auth"),
  };
}

/** Checks the option `crossOrigin`, a middleware's or the one of a single `init`. @internal */
export function allowsCrossOrigin(
  { crossOrigin = "refuse" }: Pick<PublicOptions, "crossOrigin">,
  name: string,
): boolean {
  if (crossOrigin !== "allow" && crossOrigin !== "refuse")
    throw new TypeError(`${name}.crossOrigin: needs "allow" or "refuse"`);
  return crossOrigin === "allow";
}

function touchOf({ touch = true }: PublicOptions, name: string): boolean {
  if (typeof touch !== "boolean") throw new TypeError(`${name}.touch: needs true or false`);
  return touch;
}
