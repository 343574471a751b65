import type { Duration } from "../duration.ts";
import { NIST_LIMITS } from "../rules/nist.ts";
import type { Actor, Store } from "../store.ts";
import { BY } from "./by.ts";
import { checkNistLimit, parseExpiresIn, type ResolvedOptions } from "./manager-options.ts";
import {
  invalidOption,
  type OptionTable,
  oneOf,
  type Parser,
  parseOptions,
  parsePositiveInteger,
} from "./parsers.ts";

/** The options of `init`. */
export interface InitOptions<In = undefined> {
  /** Metadata, checked by the manager's `meta`. Default: none. */
  readonly meta?: In;
  /** The longest life of this session and its cookie: "remember me". Default: the manager's `expiresIn`. */
  readonly expiresIn?: Duration;
  /** The level that this login reached, for `auth({ level })`: for example 2 with a second factor. Default 1. */
  readonly level?: number;
  /**
   * Whether pages of other origins may send the login. Default `"reject"`: `ERR_CROSS_ORIGIN` for a login that a page of another origin sends, unless an earlier middleware
   * allows it. `"allow"` lets any page on the web log its visitors in, as any user. Use it only behind a check of `state`
   * and `nonce`, where an identity provider sends the user back with a form.
   */
  readonly crossOrigin?: "allow" | "reject";
  /**
   * The identity provider's session by which the user logged in: `providerLogin()` of `sessionup/federation`. This session
   * ends with the provider's at the latest, and `revokeByProviderSession` finds it. Default: none.
   */
  readonly provider?: ProviderLogin;
  /**
   * The party that logs the user in, for the event `created` and the audit trail: for example
   * `{ kind: "admin", id: "support-7" }` when support signs in for a user. Default: the user.
   */
  readonly by?: Actor;
}

/** A login by an identity provider, created by `providerLogin()` of `sessionup/federation`. */
export interface ProviderLogin {
  /** The part that the record keeps. */
  readonly kept: { readonly issuer: string; readonly sid?: string };
  /** Under this text a store finds the session. It reveals nothing about the provider's session. */
  readonly link: string | undefined;
  /** When the provider's session ends, in milliseconds since 1970. */
  readonly endsAt: number | undefined;
}

/** The checked options of `init`. Times are milliseconds. @internal */
export interface ParsedInit {
  readonly meta: unknown;
  readonly expiresIn: number | undefined;
  readonly level: number;
  readonly crossOrigin: "allow" | "reject";
  readonly provider: ProviderLogin | undefined;
  readonly by: Actor | undefined;
}

const parseProvider: Parser<ProviderLogin> = (value, name) => {
  if (typeof (value as Partial<ProviderLogin> | null)?.kept?.issuer === "string")
    return value as ProviderLogin;
  throw invalidOption(name, 'the result of providerLogin() from "sessionup/federation"', value);
};

const INIT = {
  meta: { parse: (value: unknown) => value },
  expiresIn: { parse: parseExpiresIn },
  level: { parse: parsePositiveInteger, default: 1 },
  crossOrigin: { parse: oneOf("allow", "reject"), default: "reject" },
  provider: { parse: parseProvider },
  ...BY,
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const INIT_TABLE: OptionTable = INIT;

/** Checks the options of `init`, before any I/O. Throws `TypeError`. @internal */
export function parseInitOptions(
  given: object,
  {
    options: { nist },
    repository: { store },
  }: {
    readonly options: Pick<ResolvedOptions, "nist">;
    readonly repository: { readonly store: Pick<Store, "fetchByLink"> };
  },
): ParsedInit {
  const init = parseOptions(given, INIT, "init");
  if (nist) checkNistLimit(init.expiresIn, NIST_LIMITS[nist].overall, "init.expiresIn", nist);
  if (init.provider?.link !== undefined && !store.fetchByLink)
    throw linksRequired("init.provider with a sid");
  return init;
}

/** Returns the error of a feature that needs `fetchByLink` of the store. @internal */
export function linksRequired(feature: string): TypeError {
  return new TypeError(`${feature} requires a store with fetchByLink, such as postgresStore().`);
}
