import { parseTrustProxy, type TrustFunction, type TrustProxy } from "../client-info/trust-proxy.ts";
import { MAX_COOKIE_AGE } from "../cookie/cookie-header.ts";
import { isAlphanumeric, randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import { type Duration, parseDuration } from "../duration.ts";
import type { Lifetime } from "../rules/expiry.ts";
import { type AssuranceLevel, NIST_LIMITS } from "../rules/nist.ts";
import { Signer } from "../signed/signer.ts";
import type { StandardSchema } from "../standard-schema.ts";
import type { SessionLimit, TombstoneOptions } from "../store.ts";
import type { BearerTransport, ParsedTransports } from "./bearer-transport.ts";
import { type ClientOptions, type ParsedClient, parseClient } from "./client-options.ts";
import type { ClientValidator } from "./client-validator.ts";
import { type CookieOptions, type ParsedCookies, parseCookies } from "./cookie-options.ts";
import type { LiveSignals } from "./live-signals.ts";
import {
  aFunction,
  type DefaultOption,
  invalidOption,
  listOf,
  type Option,
  type OptionTable,
  oneOf,
  type Parser,
  parseDate,
  parseOptions,
  parsePositiveInteger,
  resultOf,
} from "./parsers.ts";
import type { Recognizer } from "./recognizer.ts";
import type { Telemetry } from "./telemetry.ts";

/** The options of a manager. Durations are strings such as `"15m"` or `"30d"`. */
export interface ManagerOptions<In = undefined, Out extends In = In> {
  /** How the cookie is named and sent. Default: the strictest settings that work for an app on one host. */
  readonly cookie?: CookieOptions;
  /**
   * The longest life of a session, regardless of use. At most `"400d"`, after which browsers drop a cookie. The cookie then
   * stays on disk. Default: none. The cookie ends with the browser session, and the session after 24 hours.
   */
  readonly expiresIn?: Duration;
  /**
   * The limits of an authenticator assurance level of NIST SP 800-63B-4: `"aal1"` 30 days, `"aal2"` 24 hours and 1 hour
   * without use, `"aal3"` 12 hours and 15 minutes without use. Default: none.
   *
   * The limits become the defaults. Without `expiresIn`, a session lives at most 24 hours and the cookie ends with the
   * browser session. No `expiresIn` or `idleTimeout` may exceed the limits, `init`'s included. Sessions that began earlier
   * count from their beginning. The app remains responsible for what a login proves.
   */
  readonly nist?: AssuranceLevel;
  /** How long a session lives without use. Default: as long as the session lives. */
  readonly idleTimeout?: Duration;
  /**
   * How often `auth` replaces the secret in the cookie, at least `"1m"`. This detects copied cookies: once both the attacker
   * and the user have used theirs, the session ends as `reused`. Default: only `rotate` and `reauthenticate` replace it.
   */
  readonly rotateEvery?: Duration;
  /**
   * How clients present their tokens: `"cookie"` for browsers, and `bearer()` of `sessionup/bearer` for native clients, in the
   * header `Authorization`. Default `["cookie"]`. With both, each session belongs to the transport that began it.
   */
  readonly transports?: ReadonlyArray<"cookie" | BearerTransport>;
  /** The data that a session keeps about the client that logged in. Default: address and labels. */
  readonly client?: ClientOptions;
  /**
   * Recognizes devices at login, so that the app can tell users about a login from a new device: `recognition()` of
   * `sessionup/recognition`. The event `created` then has `seen`. Default: off.
   */
  readonly recognize?: Recognizer;
  /**
   * Compares the client of each request with that of the login: `clientValidation()` of `sessionup/client-validation`.
   * Default: off. A session may be used from another client.
   */
  readonly validate?: ClientValidator;
  /**
   * Gives sessions a `signal`, and sets how often the store is asked about open connections: `liveSessions()` of
   * `sessionup/live`. Default: `session.signal` throws, and the interval is a minute.
   */
  readonly live?: LiveSignals;
  /**
   * Traces requests and store calls, and counts what happens to sessions: `openTelemetry()` of `sessionup/opentelemetry`.
   * Default: off.
   */
  readonly telemetry?: Telemetry;
  /** The proxies whose `X-Forwarded-For` is trusted. Default: none. Trusting too many lets clients choose their address. */
  readonly trustProxy?: TrustProxy;
  /**
   * Origins besides the app's own, such as `"https://app.example.com"`, whose pages may send unsafe requests and open
   * WebSockets. An attacker who can run a script there acts as your users. Default: none.
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * How long the store remembers an ended session. A client that returns with its cookie then learns why the session
   * ended: `logout`, `revoked`, `evicted`, … instead of `unknown`. Default: off. The record stays that long, including its
   * metadata. The store keeps the latest 100 of each user.
   */
  readonly tombstones?: Duration;
  /**
   * Rejects sessions that began before this moment as `revoked`, whatever the store says. For the day after a breach.
   * Default: none. The app can also set `manager.notBefore` while it runs.
   */
  readonly notBefore?: Date;
  /**
   * The data that browsers clear at logout besides our cookie: the header `Clear-Site-Data`, over https. Default: nothing. `"cache"`
   * and `"storage"` belong to this origin. `"cookies"` are all cookies of the registrable domain, including those of other
   * apps and other subdomains.
   */
  readonly clearSiteData?: ReadonlyArray<"cache" | "cookies" | "storage">;
  /**
   * The secret keys with which the manager signs form tokens, revocation links, device cookies, nonces of DPoP and hashes of
   * addresses, and seals the values of a pocket. Each key has at least 32 unguessable bytes, such as the output of
   * `openssl rand -base64 32`. With a key, an attacker can forge all of them and open those values. The first key signs and
   * seals, and every key verifies and opens. To rotate keys, put the new key first, and remove the old key when everything
   * that it signed or sealed has expired. Default: none. Features that need keys then throw a `TypeError`.
   */
  readonly keys?: readonly string[];
  /** How many sessions a user may have. Default: 1 000, after which the oldest ends. */
  readonly maxSessions?: SessionLimit;
  /** Generates ids. Default: 20 random characters. Must return 17 to 64 of `[0-9A-Za-z]`, never the same twice. */
  readonly generateId?: () => string;
  /**
   * Generates secrets. Default: 43 random characters. Must return 22 to 128 of `[0-9A-Za-z]`. An attacker who can guess the
   * text can sign in as your users.
   */
  readonly generateSecret?: () => string;
  /** The schema of a session's metadata: a Standard Schema or `typed<T>()`. Default: none. Its output must parse again. */
  readonly meta?: StandardSchema<In, Out>;
  /** The largest size of metadata, in bytes of JSON. Default 4 096. */
  readonly maxMetaBytes?: number;
  /** The current time in milliseconds since 1970. Default `Date.now`. For tests. */
  readonly clock?: () => number;
}

/** The checked options of a manager. Times are milliseconds. @internal */
export interface ResolvedOptions<In = unknown, Out = unknown> {
  readonly cookie: ParsedCookies;
  readonly nist: AssuranceLevel | undefined;
  /** Everything except `notBefore` is fixed. */
  readonly lifetime: Lifetime & { notBefore: number | undefined };
  readonly rotateEvery: number | undefined;
  readonly tombstones: TombstoneOptions | undefined;
  readonly clearSiteData: readonly string[];
  readonly transports: ParsedTransports | undefined;
  readonly client: ParsedClient;
  readonly recognize: Recognizer | undefined;
  readonly validate: ClientValidator | undefined;
  readonly live: LiveSignals | undefined;
  readonly telemetry: Telemetry | undefined;
  readonly trustProxy: TrustFunction;
  readonly trustedOrigins: ReadonlySet<string>;
  readonly signer: Signer | undefined;
  readonly maxSessions: SessionLimit;
  readonly generateId: () => string;
  readonly generateSecret: () => string;
  readonly meta: StandardSchema<In, Out> | undefined;
  readonly maxMetaBytes: number;
  readonly clock: () => number;
}

/** A faster rotation would take concurrent requests of an honest browser for theft. */
const MIN_ROTATION = 60_000;
/** Without a bound, a user who logs in and out repeatedly would fill the store. */
const MAX_TOMBSTONES = 100;
const MIN_KEY_BYTES = 32;

/** Parses `expiresIn`, the manager's or that of one `init`. @internal */
export const parseExpiresIn: Parser<number> = (value, name) => {
  const age = parseDuration(value, name);
  if (age <= MAX_COOKIE_AGE) return age;
  throw new TypeError(`${name} must be at most "400d".`);
};

const parseRotateEvery: Parser<number> = (value, name) => {
  const every = parseDuration(value, name);
  if (every >= MIN_ROTATION) return every;
  throw new TypeError(`${name} must be at least "1m".`);
};

// Browsers send an origin without a path, without a trailing slash and in lower case.
const parseOrigins = listOf(
  'origins as browsers send them, such as "https://app.example.com"',
  (origin) => URL.canParse(origin) && new URL(origin).origin === origin,
);

const parseClearSiteData = listOf('"cache", "cookies" and "storage"', (type) =>
  ["cache", "cookies", "storage"].includes(type),
);

/** Parses keys, newest first. @internal */
export const parseKeys: Parser<readonly string[]> = (value, name) => {
  const isKey = (key: unknown) =>
    typeof key === "string" && new TextEncoder().encode(key).length >= MIN_KEY_BYTES;
  if (Array.isArray(value) && value.length > 0 && [...value].every(isKey)) return value;
  // The received value may be a key.
  throw new TypeError(
    `${name} must be an array of secrets of at least ${MIN_KEY_BYTES} bytes, such as the output of "openssl rand -base64 32".`,
  );
};

const LIMIT = {
  max: { parse: parsePositiveInteger, required: true },
  onExceed: { parse: oneOf("evict-oldest", "evict-idlest", "reject"), required: true },
} as const;

const parseLimit: Parser<SessionLimit> = (value, name) => parseOptions(value as object, LIMIT, name);

/** Returns the option of a generator. A generator of the app is tried out, and its texts are checked. */
function createGeneratorOption({
  default: length,
  min,
  max,
}: Readonly<Record<"default" | "min" | "max", number>>): DefaultOption<() => string> {
  const generateDefault = () => randomText(length);
  return {
    parse(value, name) {
      // Cloudflare Workers create a manager outside of a request, where they allow no random values.
      if (value === generateDefault) return generateDefault;
      const generate = aFunction<() => unknown>()(value, name);
      const generateChecked = () => {
        const text = generate();
        if (typeof text === "string" && text.length >= min && text.length <= max && isAlphanumeric(text))
          return text;
        throw new TypeError(`${name} must return ${min} to ${max} characters of [0-9A-Za-z].`);
      };
      const first = generateChecked();
      if (generateChecked() === first) throw new TypeError(`${name} must not return the same text twice.`);
      return generateChecked;
    },
    default: generateDefault,
  };
}

const parseBearer = resultOf<BearerTransport>("bearer", "connect");

const parseTransports: Parser<ParsedTransports | undefined> = (value, name) => {
  const given = [value].flat();
  const others = given.filter((each) => each !== "cookie");
  const hasCookie = others.length < given.length;
  if (hasCookie && others.length === 0) return undefined;
  const [first, another] = others;
  return { ...parseBearer(another ? others : first, `${name} besides "cookie"`), hasCookie };
};

/** Parses a schema. @internal */
export const parseSchema: Parser<StandardSchema<never, never>> = (value, name) => {
  const standard = (value as Partial<StandardSchema> | null)?.["~standard"];
  if (standard?.version === 1 && typeof standard.validate === "function")
    return value as StandardSchema<never, never>;
  throw invalidOption(name, "a Standard Schema (zod, valibot, arktype, …) or typed<T>()", value);
};

/** Every option of a manager. */
const MANAGER = {
  cookie: { parse: parseCookies, default: {} },
  expiresIn: { parse: parseExpiresIn },
  nist: { parse: oneOf("aal1", "aal2", "aal3") },
  idleTimeout: { parse: parseDuration },
  rotateEvery: { parse: parseRotateEvery },
  transports: { parse: parseTransports },
  client: { parse: parseClient, default: {} },
  recognize: { parse: resultOf<Recognizer>("recognition", "recognize") },
  validate: { parse: resultOf<ClientValidator>("clientValidation", "rejectChanged") },
  live: { parse: resultOf<LiveSignals>("liveSessions", "getSignal") },
  telemetry: { parse: resultOf<Telemetry>("openTelemetry", "observe") },
  trustProxy: { parse: (value) => parseTrustProxy(value as TrustProxy), default: false },
  trustedOrigins: { parse: (value, name) => new Set(parseOrigins(value, name)), default: [] },
  tombstones: { parse: parseDuration },
  notBefore: { parse: parseDate },
  clearSiteData: { parse: parseClearSiteData, default: [] },
  keys: { parse: parseKeys },
  maxSessions: { parse: parseLimit, default: { max: 1_000, onExceed: "evict-oldest" } },
  generateId: createGeneratorOption(TOKEN_LENGTH.id),
  generateSecret: createGeneratorOption(TOKEN_LENGTH.turn),
  meta: { parse: parseSchema },
  maxMetaBytes: { parse: parsePositiveInteger, default: 4_096 },
  clock: { parse: aFunction<() => number>(), default: Date.now },
} as const satisfies { readonly [Name in keyof ManagerOptions]-?: Option<unknown> };

/** The option tables, from which `docs/reference/options.md` is generated. @internal */
export const MANAGER_TABLES: Readonly<Record<"manager" | "maxSessions", OptionTable>> = {
  manager: MANAGER,
  maxSessions: LIMIT,
};

/** Checks the options of a manager, one by one and together. Throws `TypeError`. @internal */
export function resolveOptions<In, Out extends In>(
  options: ManagerOptions<In, Out>,
): ResolvedOptions<In, Out> {
  const { keys, expiresIn, idleTimeout, notBefore, ...parsed } = parseOptions(
    options,
    MANAGER,
    "Manager",
    "",
  );
  const { nist, client, validate, recognize, cookie, tombstones } = parsed;
  const limits = nist && NIST_LIMITS[nist];
  if (nist) {
    checkNistLimit(expiresIn, limits?.overall, "expiresIn", nist);
    checkNistLimit(idleTimeout, limits?.idle, "idleTimeout", nist);
  }
  if (client.ip === "hash" && !keys) throw keysRequired('client.ip "hash"');
  const resolved: ResolvedOptions<In, Out> = Object.freeze({
    ...parsed,
    lifetime: Object.seal({
      expiresIn,
      idleTimeout: idleTimeout ?? limits?.idle,
      overall: limits?.overall,
      notBefore,
    }),
    tombstones:
      tombstones === undefined ? undefined : Object.freeze({ keepFor: tombstones, max: MAX_TOMBSTONES }),
    signer: keys && new Signer(keys, cookie.base),
  });
  recognize?.check(resolved);
  validate?.check(resolved);
  return resolved;
}

/** One option's promise to an auditor must not be broken by another option. @internal */
export function checkNistLimit(
  length: number | undefined,
  limit: number | undefined,
  name: string,
  nist: AssuranceLevel,
): void {
  if (length !== undefined && limit !== undefined && length > limit)
    throw new TypeError(
      `${name} must be at most "${limit / 60_000}m" with nist: "${nist}". Received "${length / 60_000}m".`,
    );
}

/** Returns the error of a feature that needs the option `keys`. @internal */
export function keysRequired(feature: string): TypeError {
  return new TypeError(`${feature} requires the option keys.`);
}
