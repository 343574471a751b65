import { type Duration, parseDuration } from "../duration.ts";
import type { NeededAuthentication } from "../errors.ts";
import type { StepUpProof, StepUpRequirement } from "../rules/step-up.ts";
import { checkOptionNames } from "./checks.ts";

/** What has to be proved before what must not be done by whoever finds the browser open. */
export interface StepUpOptions {
  /**
   * How long ago the user may have proved who they are, by `init` or `reauthenticate`, such as `"10m"` (ASVS 7.5.1).
   * Default: as long ago as the session lives.
   */
  readonly maxAuthAge?: Duration;
  /**
   * At which level at least, of those that you tell `init` and `reauthenticate` (ASVS 7.5.3). With `maxAuthAge`, both by
   * the same proof: a password typed just now makes no second factor of last week fresh. Default 1: every session's.
   */
  readonly level?: number;
}

/** What `reauthenticate` can be told. */
export interface ReauthenticateOptions {
  /** The level that was reached, above 1: say 2 with a second factor. Default: a proof as at `init`; levels stay. */
  readonly level?: number;
  /** How long the level counts, such as `"15m"`; then what was reached before is in force. Default: while the session lives. */
  readonly expiresIn?: Duration;
}

/** Checks what has to be proved; `undefined` where that is no more than a session. @internal */
export function needOf({ maxAuthAge, level }: StepUpOptions, name: string): StepUpRequirement | undefined {
  if (maxAuthAge === undefined && level === undefined) return undefined;
  return {
    maxAuthAge: maxAuthAge === undefined ? undefined : parseDuration(maxAuthAge, `${name}.maxAuthAge`),
    level: levelOf(level, name),
  };
}

/** The same for those who are refused. @internal */
export function neededFor({ maxAuthAge, level }: StepUpRequirement): NeededAuthentication {
  return Object.freeze({
    ...(maxAuthAge !== undefined && { maxAge: maxAuthAge / 1_000 }),
    ...(level > 1 && { level }),
  });
}

/** Checks what was proved. Throws `TypeError` naming the option and the mend. @internal */
export function proofOf(options: ReauthenticateOptions = {}): StepUpProof {
  checkOptionNames(options, "reauthenticate", ["level", "expiresIn"]);
  const level = levelOf(options.level, "reauthenticate");
  if (options.expiresIn === undefined) return { level, lasts: undefined };
  if (level === 1)
    throw new TypeError(
      "reauthenticate.expiresIn: needs a level above 1; every session has the first until it ends",
    );
  return { level, lasts: parseDuration(options.expiresIn, "reauthenticate.expiresIn") };
}

/** The level of a login. @internal */
export function levelOf(level: number | undefined, name: string): number {
  if (level === undefined) return 1;
  if (!Number.isSafeInteger(level) || level < 1)
    throw new TypeError(`${name}.level: needs a whole number above zero; 1 is what every session has`);
  return level;
}
