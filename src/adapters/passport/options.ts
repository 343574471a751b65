import type { Duration } from "../../duration.ts";
import type { InitOptions } from "../../options/init-options.ts";
import { parseExpiresIn } from "../../options/manager-options.ts";
import {
  aFunction,
  type OptionTable,
  oneOf,
  type ParsedOptions,
  parseOptions,
} from "../../options/parsers.ts";
import type { Session } from "../../session.ts";
import type { MaybePromise } from "../../store.ts";
import type { PassportRequest } from "./passport-like.ts";

/** The options of `connectPassport`. `User` is the type of `req.user`, and `Request` that of the request in Express's form. */
export interface PassportOptions<User, In, Out, Request> {
  /**
   * Returns the user of a session. `undefined`, `null` or `false` means that the user no longer exists, and ends the session.
   * Default: the functions of `passport.deserializeUser`.
   */
  readonly findUser?: (
    userKey: string,
    session: Session<Out>,
    request: Request,
  ) => MaybePromise<User | undefined | null | false>;
  /** Returns the user key of a user who logs in. Default: the functions of `passport.serializeUser`. */
  readonly toUserKey?: (user: User, request: Request) => MaybePromise<string>;
  /** Returns the options of `sessions.init` for a login, such as metadata. Default: none. */
  readonly init?: (user: User, request: Request) => MaybePromise<InitOptions<In>>;
}

/** `init` is required where metadata is. */
export type RequiredInit<User, In, Request> = undefined extends In
  ? unknown
  : {
      readonly init: (user: User, request: Request) => MaybePromise<InitOptions<In> & { readonly meta: In }>;
    };

/** The options of `oauth2StateStore`. */
export interface OAuth2StateOptions {
  /** How long a login at the provider may take. Default `"10m"`. */
  readonly ttl?: Duration;
  /**
   * The requests from the provider's site that can complete a login. Default `"lax"`: redirects. `"none"`: also a form on the
   * provider's page (`response_mode=form_post`).
   */
  readonly sameSite?: "lax" | "none";
}

type AnyOptions = PassportOptions<unknown, unknown, unknown, PassportRequest>;

const CONNECT = {
  findUser: { parse: aFunction<NonNullable<AnyOptions["findUser"]>>() },
  toUserKey: { parse: aFunction<NonNullable<AnyOptions["toUserKey"]>>() },
  init: { parse: aFunction<NonNullable<AnyOptions["init"]>>() },
} as const;

const STATE = {
  ttl: { parse: parseExpiresIn, default: "10m" },
  sameSite: { parse: oneOf("lax", "none"), default: "lax" },
} as const;

/** The option tables, from which `docs/reference/options.md` is generated. @internal */
export const PASSPORT_TABLES: Readonly<Record<"connect" | "state", OptionTable>> = {
  connect: CONNECT,
  state: STATE,
};

/** Parses the options of `connectPassport`. Throws `TypeError`. @internal */
export function parsePassportOptions(options: object): ParsedOptions<typeof CONNECT> {
  return parseOptions(options, CONNECT, "connectPassport");
}

/** Returns the options of `oauth2StateStore` after checking them. Throws `TypeError`. @internal */
export function checkStateOptions(options: OAuth2StateOptions): OAuth2StateOptions {
  parseOptions(options, STATE, "oauth2StateStore");
  return options;
}
