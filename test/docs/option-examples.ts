/**
 * An example of each option, as docs/reference/options.md shows it. The compiler and the option's own parser check each
 * value.
 */
import { randomInt } from "node:crypto";
import {
  type AuthOptions,
  type ClientOptions,
  type CookieOptions,
  type InitOptions,
  type ManagerOptions,
  type PublicOptions,
  type ReauthenticateOptions,
  type SessionLimit,
  typed,
} from "sessionup";
import { type ClientValidationOptions, clientValidation } from "sessionup/client-validation";
import { providerLogin } from "sessionup/federation";
import { previousCookies } from "sessionup/previous-cookies";
import { type RecognitionOptions, recognition } from "sessionup/recognition";
import type { RoutesOptions } from "sessionup/routes";
import { labelAgent } from "sessionup/user-agent";

const process = { env: { SESSION_KEY: "01234567890123456789012345678901" } };
const randomText = (length: number) => Array.from({ length }, () => randomInt(10)).join("");
const findCountry = (ip: string) => ({ country: ip ? "DE" : "" });

/** The examples by section of the page. */
export const EXAMPLES = {
  Manager: {
    cookie: { name: "shop" },
    expiresIn: "30d",
    nist: "aal2",
    idleTimeout: "30m",
    rotateEvery: "10m",
    client: { ip: "prefix" },
    recognize: recognition({ device: true }),
    validate: clientValidation({ agent: true, onChange: "report" }),
    trustProxy: ["10.0.0.0/8"],
    trustedOrigins: ["https://app.example.com"],
    tombstones: "1d",
    notBefore: new Date("2026-01-31T12:00:00Z"),
    clearSiteData: ["cache", "storage"],
    keys: [process.env.SESSION_KEY],
    maxSessions: { max: 10, onExceed: "evict-oldest" },
    generateId: () => randomText(30),
    generateSecret: () => randomText(43),
    meta: typed<{ theme: string } | undefined>(),
    maxMetaBytes: 1_024,
    clock: () => Date.now(),
  } satisfies Required<ManagerOptions<{ theme: string } | undefined>>,
  cookie: {
    name: "shop",
    path: "/app",
    domain: "example.com",
    secure: true,
    httpOnly: true,
    sameSite: "lax",
    partitioned: true,
    previous: previousCookies([{ name: "sid" }]),
  } satisfies Required<CookieOptions>,
  client: {
    ip: "prefix",
    agent: false,
    parse: labelAgent,
    geo: (ip) => findCountry(ip),
  } satisfies Required<ClientOptions>,
  maxSessions: { max: 10, onExceed: "evict-idlest" } satisfies Required<SessionLimit>,
  init: {
    meta: { theme: "dark" },
    expiresIn: "30d",
    level: 2,
    crossOrigin: "allow",
    provider: providerLogin({ issuer: "https://id.example.com", sid: "s1" }),
  } satisfies Required<InitOptions<{ theme: string }>>,
  public: { touch: false, crossOrigin: "allow" } satisfies Required<PublicOptions>,
  auth: {
    touch: false,
    crossOrigin: "allow",
    maxAuthAge: "10m",
    level: 2,
  } satisfies Required<AuthOptions>,
  reauthenticate: { level: 2, expiresIn: "15m" } satisfies Required<ReauthenticateOptions>,
  sessionRoutes: { level: 2, maxAuthAge: "5m", path: "/account" } satisfies Required<RoutesOptions>,
  recognition: { sessions: true, device: true } satisfies Required<RecognitionOptions>,
  clientValidation: { ip: "exact", agent: true, onChange: "end" } satisfies Required<ClientValidationOptions>,
};
