import { type Duration, parseDuration } from "../duration.ts";
import type { NeededAuthentication } from "../errors.ts";
import type { StepUpProof, StepUpRequirement } from "../rules/step-up.ts";
import { type OptionTable, oneOf, parseBoolean, parseOptions, parsePositiveInteger } from "./parsers.ts";

/** The options of `public`. */
export interface PublicOptions {
  /**
   * Whether the request extends the idle timeout. Default true. Use false for requests that a page sends by itself, such as
   * polling (NIST SP 800-63B-4 section 5.2). With several middlewares, one that touches is enough.
   */
  readonly touch?: boolean;
  /**
   * Whether pages of other origins may send unsafe requests. Default `"reject"`: 403 for an unsafe request (`POST`, `PUT`, `PATCH`, `DELETE`, …) that a page of another origin
   * sends, before the store is read. `trustedOrigins` are exempt.
   *
   * `"allow"`: any page on the web may send the request in the name of its visitor. Use it for a login that returns from an
   * identity provider with a form (`response_mode=form_post`, SAML), where `state` and `nonce` prove that this browser began
   * the login. It also covers the methods that the handler calls, but not earlier middleware: put the route before a
   * `public()` or `auth()` for all routes.
   */
  readonly crossOrigin?: "allow" | "reject";
}

/** The proof of identity that a sensitive operation requires. */
export interface StepUpOptions {
  /**
   * How recently the user must have authenticated, by `init` or `reauthenticate`, such as `"10m"` (ASVS 7.5.1). Default: any
   * time during the session.
   */
  readonly maxAuthAge?: Duration;
  /**
   * The lowest level that `init` or `reauthenticate` must have received (ASVS 7.5.3). Together with `maxAuthAge`, one proof
   * must satisfy both: a password typed just now does not refresh last week's second factor. Default 1: any session.
   */
  readonly level?: number;
}

/** The options of `auth`. A session that lacks a proof gets 401 with the reason `stale_authentication` and what is needed. */
export interface AuthOptions extends PublicOptions, StepUpOptions {}

/** The options of `reauthenticate`. */
export interface ReauthenticateOptions {
  /** The level that the user has reached, above 1: for example 2 with a second factor. Default 1, which keeps earlier levels. */
  readonly level?: number;
  /** How long the level counts, such as `"15m"`. Then the earlier level applies again. Default: the life of the session. */
  readonly expiresIn?: Duration;
}

const PUBLIC = {
  touch: { parse: parseBoolean, default: true },
  crossOrigin: { parse: oneOf("allow", "reject"), default: "reject" },
} as const;

const STEP_UP = {
  maxAuthAge: { parse: parseDuration },
  level: { parse: parsePositiveInteger },
} as const;

const AUTH = { ...PUBLIC, ...STEP_UP } as const;

const REAUTHENTICATE = {
  level: { parse: parsePositiveInteger, default: 1 },
  expiresIn: { parse: parseDuration },
} as const;

/** The option tables, from which `docs/reference/options.md` is generated. @internal */
export const MIDDLEWARE_TABLES: Readonly<Record<"public" | "auth" | "reauthenticate", OptionTable>> = {
  public: PUBLIC,
  auth: AUTH,
  reauthenticate: REAUTHENTICATE,
};

/** The decisions that a middleware takes about a request. @internal */
export interface MiddlewareRules {
  readonly touch: boolean;
  readonly crossOrigin: "allow" | "reject";
  readonly requirement?: StepUpRequirement | undefined;
}

/** Parses the options of `public`. Throws `TypeError`. @internal */
export function parsePublicOptions(options: PublicOptions = {}): MiddlewareRules {
  return parseOptions(options, PUBLIC, "public");
}

/** Parses the options of `auth`. Throws `TypeError`. @internal */
export function parseAuthOptions(options: AuthOptions = {}): MiddlewareRules {
  const { maxAuthAge, level = 1, ...rules } = parseOptions(options, AUTH, "auth");
  // Every session has level 1.
  const isRequired = maxAuthAge !== undefined || level > 1;
  return { ...rules, requirement: isRequired ? { maxAuthAge, level } : undefined };
}

/** Returns a requirement in the form that a client receives. @internal */
export function toNeededAuthentication({ maxAuthAge, level }: StepUpRequirement): NeededAuthentication {
  return {
    ...(maxAuthAge !== undefined && { maxAge: maxAuthAge / 1_000 }),
    ...(level > 1 && { level }),
  };
}

/** Parses the options of `reauthenticate`. Throws `TypeError`. @internal */
export function parseReauthenticateOptions(options: ReauthenticateOptions = {}): StepUpProof {
  const { level, expiresIn } = parseOptions(options, REAUTHENTICATE, "reauthenticate");
  if (expiresIn !== undefined && level === 1)
    throw new TypeError("reauthenticate.expiresIn requires a level above 1.");
  return { level, lasts: expiresIn };
}
