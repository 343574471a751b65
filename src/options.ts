import type { Duration } from "./duration.ts";
import { milliseconds } from "./duration.ts";
import type { SetCookie } from "./exchange.ts";
import { type Trust, type TrustProxy, trustOf } from "./identity/trust-proxy.ts";
import { known } from "./known-options.ts";
import { expiresInOf, idleTimeoutOf, overallOf } from "./limits.ts";
import type { StandardSchema } from "./meta.ts";
import type { AssuranceLevel } from "./policy/assurance.ts";
import type { Lifetime } from "./policy/lifetime.ts";
import type { Agent } from "./session.ts";
import type { Json, SessionLimit } from "./store.ts";
import { isSameCookie } from "./wire/cookie.ts";
import { DeviceCookie } from "./wire/device-cookie.ts";
import { Signer } from "./wire/signature.ts";
import { isAlphanumeric, LENGTH, randomText } from "./wire/token.ts";

/** How the cookie is sent. The defaults are the strictest that work for an app on one host. */
export interface CookieOptions {
  /**
   * Default `"sessionup"`. It is sent as `__Host-sessionup` while `secure`, `path` and `domain` allow that, so that no
   * sibling subdomain can plant one, and as `__Secure-sessionup` else. Give a prefix yourself to insist on it.
   */
  readonly name?: string;
  /** Default `"/"`. */
  readonly path?: string;
  /** Default none: this host alone. With a domain, every subdomain gets the cookie and can plant one. */
  readonly domain?: string;
  /** Default true. With false the cookie also travels over plain http, where anybody on the way can read it. */
  readonly secure?: boolean;
  /** Default true. With false every script of the page can read the token and send it away. */
  readonly httpOnly?: boolean;
  /** Default `"strict"`. `"lax"`: also sent when a link leads in from elsewhere. `"none"`: sent with every request of every site. */
  readonly sameSite?: "strict" | "lax" | "none";
  /** Default false. True: a jar of its own for each site that embeds yours (CHIPS). */
  readonly partitioned?: boolean;
  /**
   * How the cookie was sent before, each as these options were then: sessions go on whose token is found under one of
   * them alone, and move to the cookie of now. Default: none. As long as it is there, who can plant such a cookie, as a
   * sibling subdomain can where it had no `__Host-` name, can sign a visitor in who has no session: as the attacker.
   */
  readonly previous?: readonly PreviousCookie[];
}

/** How a cookie was sent before. What is left out had its default. */
export type PreviousCookie = Omit<CookieOptions, "previous">;

/** What is kept of who asked. */
export interface ClientOptions {
  /**
   * Default true: keep the address with the session. `"prefix"`: its network alone, /24 or /64, such as
   * `"203.0.113.0/24"`. `"hash"`: that network's hash by `keys`, which can be compared and never shown. False: nothing.
   */
  readonly ip?: boolean | "prefix" | "hash";
  /** Default true: keep the families of browser and system. */
  readonly agent?: boolean;
  /** Default: the built-in labeller. Gets at most 512 characters of the User-Agent, and the request's headers by lower-case name. */
  readonly parse?: (userAgent: string, header: (name: string) => string | undefined) => Agent;
  /**
   * Default: none. Where an address is, by your own database or service: JSON of at most 1 024 characters, which is kept
   * with the session and shown as `geo`. Called at each login, which waits for it; the address is the whole one, also
   * where less of it is kept. One that throws is told as `error`, and breaks no login.
   */
  readonly geo?: (ip: string) => Json | undefined | Promise<Json | undefined>;
}

/** By what `created` says whether somebody like this was seen before. */
export interface RecognizeOptions {
  /** Default true: by the families of browser and system, and by the networks, of the user's live sessions. One more read at each login. */
  readonly sessions?: boolean;
  /**
   * Default false. True: by a cookie of its own that stays for 400 days, `__Host-sessionup-device` say, which `keys` sign. No
   * page but yours can read it, no script, and nothing of it is stored with you; it stays when the user logs out.
   */
  readonly device?: boolean;
}

/** Whether a session may be used from elsewhere than where it was started. */
export interface ValidateOptions {
  /** Default false: compare the networks (/24, /64). Phones change theirs all day. */
  readonly ip?: boolean;
  /** Default false: compare the families of browser and system. */
  readonly agent?: boolean;
  /** Default `"refuse"`: 401, the session stays. `"end"`: 401, and it ends. `"report"`: only the event `client_changed`. */
  readonly onChange?: "refuse" | "end" | "report";
}

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
   * How long a session that was ended is remembered, so that who comes back with its cookie is told why: `logout`,
   * `revoked`, `evicted`, … in place of `unknown`. Default: not at all. Its record stays for so long, metadata included.
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
  /** The name as the app gave it, and the cookie as it is sent. */
  readonly cookie: {
    readonly base: string;
    /** What `base` was before. */
    readonly formerBases: readonly string[];
    readonly attributes: Omit<SetCookie, "value">;
    /** The cookies of before, as they were sent. */
    readonly previous: ReadonlyArray<Omit<SetCookie, "value">>;
  };
  readonly nist: AssuranceLevel | undefined;
  /** What `notBefore` is can change. */
  readonly lifetime: Lifetime & { notBefore: number | undefined };
  /** In milliseconds. */
  readonly rotateEvery: number | undefined;
  /** In milliseconds. */
  readonly tombstone: number | undefined;
  /** The header's value. */
  readonly clearSiteData: string | undefined;
  readonly client: {
    readonly ip: boolean | "prefix" | "hash";
    readonly agent: boolean;
    readonly parse: ClientOptions["parse"];
    readonly geo: ClientOptions["geo"];
  };
  readonly recognize: { readonly sessions: boolean; readonly device: DeviceCookie | undefined } | undefined;
  readonly validate: Required<ValidateOptions> | undefined;
  readonly trust: Trust;
  readonly trustedOrigins: ReadonlySet<string>;
  readonly signer: Signer | undefined;
  readonly limit: SessionLimit;
  readonly generateId: () => string;
  readonly generateSecret: () => string;
  readonly meta: StandardSchema<In, Out> | undefined;
  readonly maxMetaBytes: number;
  readonly clock: () => number;
}

const LONGEST_NAME = 128;
const SHORTEST_KEY = 32;
/** What the option `keys` is, for the errors of what needs it. @internal */
export const KEYS = 'such as keys: [process.env.SESSION_KEY], which "openssl rand -base64 32" makes';
const ROTATION_AT_LEAST = 60_000;

/** Checks and completes the options. Throws `TypeError` naming the option and the mend. @internal */
export function resolveOptions<In, Out extends In>(options: ManagerOptions<In, Out>): Resolved<In, Out> {
  known(options, "options", [
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
  wholeNumber(maxMetaBytes, "maxMetaBytes");
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
    tombstone: tombstones === undefined ? undefined : milliseconds(tombstones, "tombstones"),
    clearSiteData: clearSiteDataOf(options.clearSiteData),
    client,
    recognize: recognizeOf(options.recognize, client, cookie.attributes, signer),
    validate: validateOf(options.validate, client),
    trust: trustOf(options.trustProxy),
    trustedOrigins: originsOf(options.trustedOrigins),
    signer,
    limit: limitOf(options.maxSessions),
    generateId: generator("generateId", options.generateId, LENGTH.id),
    generateSecret: generator("generateSecret", options.generateSecret, LENGTH.turn),
    meta: schemaOf(options.meta),
    maxMetaBytes,
    clock,
  });
}

function rotateEveryOf(rotateEvery: Duration | undefined): number | undefined {
  if (rotateEvery === undefined) return undefined;
  const result = milliseconds(rotateEvery, "rotateEvery");
  if (result < ROTATION_AT_LEAST)
    throw new TypeError('rotateEvery: at least "1m", else requests side by side would be taken for thieves');
  return result;
}

/** Checks `notBefore`, given to the manager or set on it. @internal */
export function notBeforeOf(date: Date | undefined): number | undefined {
  return date === undefined ? undefined : momentOf(date, "notBefore");
}

/** Milliseconds since 1970. Throws `TypeError` for what is no moment: an invalid date would let everybody in. @internal */
export function momentOf(date: Date, name: string): number {
  if (!(date instanceof Date) || Number.isNaN(date.getTime()))
    throw new TypeError(`${name}: needs a valid Date, such as new Date("2026-01-31T12:00:00Z")`);
  return date.getTime();
}

const CLEARED: readonly unknown[] = ["cache", "cookies", "storage"];

function clearSiteDataOf(types: ManagerOptions["clearSiteData"]): string | undefined {
  if (types === undefined) return undefined;
  if (!Array.isArray(types) || types.length === 0 || !types.every((type) => CLEARED.includes(type)))
    throw new TypeError(
      'clearSiteData: needs a list of "cache", "cookies" and "storage"; leave it out for none',
    );
  return types.map((type) => `"${type}"`).join(", ");
}

function cookieOf(options: CookieOptions = {}): Resolved<unknown, unknown>["cookie"] {
  known(options, "cookie", [...COOKIE_OPTIONS, "previous"]);
  const { previous = [] } = options;
  const { base, attributes } = sentCookieOf(options, "cookie");
  if (!Array.isArray(previous))
    throw new TypeError('cookie.previous: needs a list of what cookie was before, such as [{ name: "sid" }]');
  const former = previous.map((each: PreviousCookie, index) => {
    const at = `cookie.previous[${index}]`;
    known(each, at, COOKIE_OPTIONS);
    const its = sentCookieOf(each, at);
    if (isSameCookie(its.attributes, attributes))
      throw new TypeError(`${at}: is the cookie of now; leave it out, or say how it was sent before`);
    return its;
  });
  return Object.freeze({
    base,
    formerBases: Object.freeze(former.map((each) => each.base).filter((each) => each !== base)),
    attributes,
    previous: Object.freeze(former.map((each) => each.attributes)),
  });
}

const COOKIE_OPTIONS = ["name", "path", "domain", "secure", "httpOnly", "sameSite", "partitioned"] as const;

/** A cookie as it is sent, and its name as the app gave it. `at` is what the options are called. */
function sentCookieOf(
  options: PreviousCookie,
  at: string,
): { readonly base: string; readonly attributes: Omit<SetCookie, "value"> } {
  const { name = "sessionup", path = "/", domain } = options;
  const { secure = true, httpOnly = true, sameSite = "strict", partitioned = false } = options;
  for (const [key, value] of Object.entries({ secure, httpOnly, partitioned }))
    boolean(value, `${at}.${key}`);
  if (typeof name !== "string" || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || name.length > LONGEST_NAME) {
    throw new TypeError(`${at}.name: needs 1 to ${LONGEST_NAME} letters, digits or !#$%&'*+-.^_\`|~`);
  }
  if (typeof path !== "string" || !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path)) {
    throw new TypeError(
      `${at}.path: needs to begin with "/" and to have no blanks, ";" or other than ASCII in it`,
    );
  }
  if (
    domain !== undefined &&
    (typeof domain !== "string" || !/^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$/.test(domain))
  ) {
    throw new TypeError(`${at}.domain: needs a host name such as "example.com", without a dot before it`);
  }
  if (!["strict", "lax", "none"].includes(sameSite)) {
    throw new TypeError(`${at}.sameSite: needs "strict", "lax" or "none"`);
  }
  if (sameSite === "none" && !secure)
    throw new TypeError(`${at}.sameSite: "none" needs secure, browsers drop it else`);
  if (partitioned && !secure) throw new TypeError(`${at}.partitioned: needs secure, browsers drop it else`);
  const attributes = {
    path,
    ...(domain !== undefined && { domain }),
    secure,
    httpOnly,
    sameSite,
    partitioned,
  };
  const hostOnly = secure && path === "/" && domain === undefined;
  // Browsers enforce the prefixes whatever the letter case.
  const prefix = /^__(host|secure|http)-(http-)?/i.exec(name)?.[0].toLowerCase();
  if (prefix === undefined) {
    const sent = secure ? (hostOnly ? `__Host-${name}` : `__Secure-${name}`) : name;
    return Object.freeze({ base: name, attributes: Object.freeze({ name: sent, ...attributes }) });
  }
  if (prefix.startsWith("__host-") && !hostOnly) {
    throw new TypeError(`${at}.name: "__Host-" needs path "/", no domain, and secure`);
  }
  if (!secure) throw new TypeError(`${at}.name: "${name.slice(0, prefix.length)}" needs secure`);
  if (prefix.endsWith("http-") && !httpOnly) {
    throw new TypeError(`${at}.name: "${name.slice(0, prefix.length)}" needs httpOnly`);
  }
  return Object.freeze({ base: name, attributes: Object.freeze({ name, ...attributes }) });
}

function clientOf(
  options: ClientOptions = {},
  signer: Signer | undefined,
): Resolved<unknown, unknown>["client"] {
  known(options, "client", ["ip", "agent", "parse", "geo"]);
  const { ip = true, agent = true, parse, geo } = options;
  if (ip !== "prefix" && ip !== "hash") boolean(ip, "client.ip", 'true, "prefix", "hash" or false');
  if (ip === "hash" && !signer) throw new TypeError(`client.ip: "hash" needs the option keys, ${KEYS}`);
  boolean(agent, "client.agent");
  if (geo !== undefined && typeof geo !== "function") throw new TypeError("client.geo: needs a function");
  if (parse !== undefined && typeof parse !== "function")
    throw new TypeError("client.parse: needs a function");
  return Object.freeze({ ip, agent, parse, geo });
}

function recognizeOf(
  options: RecognizeOptions | undefined,
  client: Resolved<unknown, unknown>["client"],
  cookie: Omit<SetCookie, "value">,
  signer: Signer | undefined,
): Resolved<unknown, unknown>["recognize"] {
  if (options === undefined) return undefined;
  known(options, "recognize", ["sessions", "device"]);
  const { sessions = true, device = false } = options;
  boolean(sessions, "recognize.sessions");
  boolean(device, "recognize.device");
  if (!sessions && !device)
    throw new TypeError("recognize: needs sessions, device or both; leave it out to ask for neither");
  if (sessions && !client.ip && !client.agent)
    throw new TypeError(
      "recognize.sessions: needs client.ip or client.agent, there is nothing to compare with",
    );
  if (!device) return { sessions, device: undefined };
  if (!signer) throw new TypeError(`recognize.device: needs the option keys, ${KEYS}`);
  return { sessions, device: new DeviceCookie(cookie, signer) };
}

function validateOf(
  options: ValidateOptions | undefined,
  client: { readonly ip: unknown; readonly agent: boolean },
): Required<ValidateOptions> | undefined {
  if (options === undefined) return undefined;
  known(options, "validate", ["ip", "agent", "onChange"]);
  const { ip = false, agent = false, onChange = "refuse" } = options;
  boolean(ip, "validate.ip");
  boolean(agent, "validate.agent");
  if (!ip && !agent)
    throw new TypeError("validate: needs ip, agent or both; leave it out to compare neither");
  if (ip && !client.ip)
    throw new TypeError("validate.ip: needs client.ip, there is no address to compare with");
  if (agent && !client.agent)
    throw new TypeError("validate.agent: needs client.agent, there is nothing to compare with");
  if (!["refuse", "end", "report"].includes(onChange)) {
    throw new TypeError('validate.onChange: needs "refuse", "end" or "report"');
  }
  return Object.freeze({ ip, agent, onChange });
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

function signerOf(keys: readonly string[] | undefined, of: string): Signer | undefined {
  if (keys === undefined) return undefined;
  if (!Array.isArray(keys) || keys.length === 0)
    throw new TypeError("keys: needs a list, the key that signs first, then those that were before");
  for (const key of keys) {
    if (typeof key !== "string" || new TextEncoder().encode(key).length < SHORTEST_KEY)
      throw new TypeError(
        `keys: needs texts of at least ${SHORTEST_KEY} bytes each, such as "openssl rand -base64 32" makes`,
      );
  }
  return new Signer(keys, of);
}

function limitOf(limit: SessionLimit = { max: 1_000, onExceed: "evict-oldest" }): SessionLimit {
  known(limit, "maxSessions", ["max", "onExceed"]);
  wholeNumber(limit.max, "maxSessions.max");
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

function boolean(value: unknown, name: string, needed = "true or false"): void {
  if (typeof value !== "boolean") throw new TypeError(`${name}: needs ${needed}`);
}

function wholeNumber(value: unknown, name: string): void {
  if (!Number.isSafeInteger(value) || Number(value) < 1)
    throw new TypeError(`${name}: needs a whole number above zero`);
}
