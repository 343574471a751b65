import type { Use } from "./authenticator.ts";
import { known } from "./known-options.ts";
import type { Need } from "./policy/freshness.ts";
import { needOf, type StepUpOptions } from "./step-up.ts";

/** What `public` can be told. */
export interface PublicOptions {
  /**
   * Default true. False: the request is no activity, and keeps no idle session alive. For what a page does by itself:
   * polling, refreshing (NIST SP 800-63B-4 section 5.2). The first middleware of a request that says true counts.
   */
  readonly touch?: boolean;
}

/** What `auth` can be told. Where more has to be proved: 401 with the reason `stale_authentication`, and what it is. */
export interface AuthOptions extends PublicOptions, StepUpOptions {}

/** What they come to. @internal */
export interface GuardRules {
  readonly use: Use;
  readonly need: Need | undefined;
}

/** Checks the options of `public`. Throws `TypeError` naming the option and the mend. @internal */
export function publicRules(options: PublicOptions = {}): GuardRules {
  known(options, "public", ["touch"]);
  return { use: { touch: touchOf(options, "public"), rotate: false }, need: undefined };
}

/** Checks the options of `auth`. Throws `TypeError` naming the option and the mend. @internal */
export function authRules(options: AuthOptions = {}): GuardRules {
  known(options, "auth", ["touch", "maxAuthAge", "level"]);
  return { use: { touch: touchOf(options, "auth"), rotate: true }, need: needOf(options, "auth") };
}

function touchOf({ touch = true }: PublicOptions, name: string): boolean {
  if (typeof touch !== "boolean") throw new TypeError(`${name}.touch: needs true or false`);
  return touch;
}
