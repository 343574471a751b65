import { parseTrustProxy, type TrustFunction, type TrustProxy } from "../client-info/trust-proxy.ts";
import { isAlphanumeric, randomText, TOKEN_LENGTH } from "../cookie/token.ts";
import type { Duration } from "../duration.ts";
import { parseDuration } from "../duration.ts";
import type { StandardSchema } from "../lifecycle/metadata.ts";
import type { Lifetime } from "../rules/expiry.ts";
import type { AssuranceLevel } from "../rules/nist.ts";
import type { Signer } from "../signed/signer.ts";
import type { SessionLimit, TombstoneOptions } from "../store.ts";
import { checkOptionNames, checkPositiveInteger, parseDate } from "./checks.ts";
import {
  type Client,
  type ClientOptions,
  clientOf,
  type Recognition,
  type RecognizeOptions,
  recognizeOf,
  type ValidateOptions,
  validateOf,
} from "./client-options.ts";
import { type CookieOptions, cookieOf, type SentCookie } from "./cookie-options.ts";
import { expiresInOf, idleTimeoutOf, overallOf } from "./lifetime-options.ts";
import { signerOf } from "./signing-keys.ts";

/** The options of a manager. Durations are texts such as `"15m"` or `"30d"`. */
export interface ManagerOptions<In = undefined, Out extends In = In> {
  readonly cookie?: CookieOptions;
  /**
   * How long a session lives at most, whatever happens; up to `"400d"`, when browsers drop a cookie. Default: none,
   * the cookie goes when the browser closes, and the session after 24 hours. With it, the cookie stays on disk.
   */
  readonly expiresIn?: Duration;
  /**
   * The limits of an authenticator assurance level of NIST SP 800-63B-4: `"aal1"` 30 days, `"aal2"` 24 hours and 1 hour
   * unused, `"aal3"` 12 hours and 15 minutes unused. They are defaults (without `expiresIn` no more than 24 hours, and the
   * cookie goes with the browser), and nothing may be longer: not `expiresIn`, `init`'s neither, and not `idleTimeout`.
   * Sessions that began before count from their beginning. What was proved at the login is yours to see to. Default: none.
   */
  readonly nist?: AssuranceLevel;
  /** How long a session lives unused. Default: as long as it lives. */
  readonly idleTimeout?: Duration;
  /**
   * How often `auth` replaces the secret in the cookie, at least `"1m"`. A copied cookie is then found out: when both the
   * thief and the user have used theirs, the session ends as `reused`. Default: only `rotate` and `reauthenticate` do.
   */
  readonly rotateEvery?: Duration;
  readonly client?: ClientOptions;
  /** Default: not at all. With it `created` has `seen`, to tell users of a login from a new device: `recognize: {}`. */
  readonly recognize?: RecognizeOptions;
  /** Default: not at all. */
  readonly validate?: ValidateOptions;
  /** Whose `X-Forwarded-For` is believed. Default: nobody's. Who trusts too many lets clients choose their address. */
  readonly trustProxy?: TrustProxy;
  /**
   * Origins besides the app's own whose pages may send what changes something, such as `"https://app.example.com"`, and
   * open WebSockets. Whoever can put a script there acts as your users. Default: none.
   */
  readonly trustedOrigins?: readonly string[];
  /**
   * How long the store remembers an ended session, so that a client that returns with its cookie is told why it ended:
   * `logout`, `revoked`, `evicted`, … instead of `unknown`. Default: not at all. The record stays that long, including its
   * metadata. The store keeps the latest 100 of each user.
   */
  readonly tombstones?: Duration;
  /**
   * For the day after a breach: sessions that began before that moment are refused as `revoked`, whatever the store
   * says. Default: none. It can also be set while the app runs: `manager.notBefore`.
   */
  readonly notBefore?: Date;
  /**
   * What browsers are told to clear besides our cookie when a session is logged out: the header `Clear-Site-Data`, over
   * https. Default: nothing. `"cache"` and `"storage"` are this origin's; `"cookies"` are all of the registrable
   * domain's, those of other apps and of other subdomains too.
   */
  readonly clearSiteData?: ReadonlyArray<"cache" | "cookies" | "storage">;
  /**
   * What signs the texts that leave the server and come back: form tokens, links, the cookie that knows a device, hashes
   * of addresses. Each of at least 32 bytes that nobody can guess, as `openssl rand -base64 32` makes them: who has one
   * signs as you. The first signs, all verify: put a new one before the others, and take the old one out when what it
   * signed has had its time. Default: none, and what would need them throws a `TypeError`.
   */
  readonly keys?: readonly string[];
  /** Default 1 000 for each user, then the oldest end: a bound, not a policy. */
  readonly maxSessions?: SessionLimit;
  /** Default: 20 random characters. Must give 17 to 64 of `[0-9A-Za-z]`, never the same twice. */
  readonly generateId?: () => string;
  /** Default: 43 random characters. Must give 22 to 128 of `[0-9A-Za-z]` that nobody can guess: who can, is your user. */
  readonly generateSecret?: () => string;
  /** Metadata of a session: a Standard Schema or `typed<T>()`. Default: none. What it returns must parse again. */
  readonly meta?: StandardSchema<In, Out>;
  /** How many bytes of JSON metadata may take. Default 4 096. */
  readonly maxMetaBytes?: number;
  /** Milliseconds since 1970. Default `Date.now`. For tests. */
  readonly clock?: () => number;
}

/** What the options come to. @internal */
export interface Resolved<In, Out> {
  readonly cookie: SentCookie;
  readonly nist: AssuranceLevel | undefined;
  /** What `notBefore` is can change. */
  readonly lifetime: Lifetime & { notBefore: number | undefined };
  /** In milliseconds. */
  readonly rotateEvery: number | undefined;
  readonly tombstones: TombstoneOptions | undefined;
  readonly clearSiteData: readonly string[];
  readonly client: Client;
  readonly recognize: Recognition | undefined;
  readonly validate: Required<ValidateOptions> | undefined;
  readonly trust: TrustFunction;
  readonly trustedOrigins: ReadonlySet<string>;
  readonly signer: Signer | undefined;
  readonly limit: SessionLimit;
  readonly generateId: () => string;
  readonly generateSecret: () => string;
  readonly meta: StandardSchema<In, Out> | undefined;
  readonly maxMetaBytes: number;
  readonly clock: () => number;
}

const ROTATION_AT_LEAST = 60_000;
/** The tombstones that a user has at most, so that logging in and out does not fill the store. */
const TOMBSTONES_PER_USER = 100;

/** Checks and completes the options. Throws `TypeError` naming the option and the mend. @internal */
export function resolveOptions<In, Out extends In>(options: ManagerOptions<In, Out>): Resolved<In, Out> {
  checkOptionNames(options, "options", [
    "cookie",
    "expiresIn",
    "nist",
    "idleTimeout",
    "rotateEvery",
    "client",
    "recognize",
    "validate",
    "trustProxy",
    "trustedOrigins",
    "tombstones",
    "notBefore",
    "clearSiteData",
    "keys",
    "maxSessions",
    "generateId",
    "generateSecret",
    "meta",
    "maxMetaBytes",
    "clock",
  ]);
  const maxMetaBytes = options.maxMetaBytes ?? 4_096;
  checkPositiveInteger(maxMetaBytes, "maxMetaBytes");
  const clock = options.clock ?? Date.now;
  if (typeof clock !== "function") throw new TypeError("clock: needs a function that returns milliseconds");
  const { nist, tombstones } = options;
  const cookie = cookieOf(options.cookie);
  const signer = signerOf(options.keys, cookie.base);
  const client = clientOf(options.client, signer);
  return Object.freeze({
    cookie,
    nist,
    lifetime: Object.seal({
      expiresIn: expiresInOf(options.expiresIn, nist),
      idleTimeout: idleTimeoutOf(options.idleTimeout, nist),
      overall: overallOf(nist),
      notBefore: notBeforeOf(options.notBefore),
    }),
    rotateEvery: rotateEveryOf(options.rotateEvery),
    tombstones:
      tombstones === undefined
        ? undefined
        : Object.freeze({ keepFor: parseDuration(tombstones, "tombstones"), max: TOMBSTONES_PER_USER }),
    clearSiteData: clearSiteDataOf(options.clearSiteData),
    client,
    recognize: recognizeOf(options.recognize, client, cookie.attributes, signer),
    validate: validateOf(options.validate, client),
    trust: parseTrustProxy(options.trustProxy),
    trustedOrigins: originsOf(options.trustedOrigins),
    signer,
    limit: limitOf(options.maxSessions),
    generateId: generator("generateId", options.generateId, TOKEN_LENGTH.id),
    generateSecret: generator("generateSecret", options.generateSecret, TOKEN_LENGTH.turn),
    meta: schemaOf(options.meta),
    maxMetaBytes,
    clock,
  });
}

function rotateEveryOf(rotateEvery: Duration | undefined): number | undefined {
  if (rotateEvery === undefined) return undefined;
  const result = parseDuration(rotateEvery, "rotateEvery");
  if (result < ROTATION_AT_LEAST)
    throw new TypeError('rotateEvery: at least "1m", else requests side by side would be taken for thieves');
  return result;
}

/** Checks `notBefore`, given to the manager or set on it. @internal */
export function notBeforeOf(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : parseDate(date, "notBefore");
}

const CLEARED: readonly unknown[] = ["cache", "cookies", "storage"];

function clearSiteDataOf(types: ManagerOptions["clearSiteData"]): readonly string[] {
  if (types === undefined) return Object.freeze([]);
  if (!Array.isArray(types) || types.length === 0 || !types.every((type) => CLEARED.includes(type)))
    throw new TypeError(
      'clearSiteData: needs a list of "cache", "cookies" and "storage"; leave it out for none',
    );
  return Object.freeze([...types]);
}

function originsOf(origins: readonly string[] = []): ReadonlySet<string> {
  if (!Array.isArray(origins))
    throw new TypeError('trustedOrigins: needs a list such as ["https://app.example.com"]');
  for (const origin of origins) {
    // A path, a slash at the end or a capital would never be equal to what a browser sends.
    if (typeof origin !== "string" || !URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new TypeError(
        'trustedOrigins: needs origins as browsers send them, such as "https://app.example.com"',
      );
  }
  return new Set(origins);
}

function limitOf(limit: SessionLimit = { max: 1_000, onExceed: "evict-oldest" }): SessionLimit {
  checkOptionNames(limit, "maxSessions", ["max", "onExceed"]);
  checkPositiveInteger(limit.max, "maxSessions.max");
  if (!["evict-oldest", "evict-idlest", "refuse"].includes(limit.onExceed)) {
    throw new TypeError('maxSessions.onExceed: needs "evict-oldest", "evict-idlest" or "refuse"');
  }
  return Object.freeze({ max: limit.max, onExceed: limit.onExceed });
}

/** The generator with a check of each text that it makes, and of a first one at once. */
function generator(
  name: string,
  generate: (() => string) | undefined,
  { born, least, most }: { readonly born: number; readonly least: number; readonly most: number },
): () => string {
  if (generate === undefined) return () => randomText(born);
  if (typeof generate !== "function") throw new TypeError(`${name}: needs a function`);
  const checked = () => {
    const text: unknown = generate();
    if (typeof text !== "string" || text.length < least || text.length > most || !isAlphanumeric(text)) {
      throw new TypeError(`${name}: needs to return ${least} to ${most} characters of [0-9A-Za-z]`);
    }
    return text;
  };
  const first = checked();
  if (checked() === first) throw new TypeError(`${name}: returned the same text twice`);
  return checked;
}

function schemaOf<In, Out>(schema: StandardSchema<In, Out> | undefined): StandardSchema<In, Out> | undefined {
  if (schema === undefined) return undefined;
  const standard: unknown = schema?.["~standard"];
  const fits =
    typeof standard === "object" && standard !== null && "validate" in standard && "version" in standard;
  if (!fits || typeof standard.validate !== "function" || standard.version !== 1) {
    throw new TypeError("meta: needs a Standard Schema (zod, valibot, arktype, ...) or typed<T>()");
  }
  return schema;
}
