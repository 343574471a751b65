import { BlockList, isIP } from "node:net";
import { expandAddress, normalizeAddress, toNetwork } from "../client-info/address.ts";
import type { ResolvedOptions } from "../options/manager-options.ts";
import {
  invalidOption,
  type Parser,
  parseDate,
  parseOptions,
  parsePositiveInteger,
} from "../options/parsers.ts";
import { parseLookupKey } from "../options/user-key.ts";
import { type RecordData, readRecordData } from "../rules/record.ts";
import { computeLevel } from "../rules/step-up.ts";
import { isWithin } from "../rules/time-range.ts";
import { createNetworkMatcher } from "../signed/signer.ts";
import { CLAIM_PREFIX, type ScanFilter, type SessionRecord, type TimeRange } from "../store.ts";

/** A range of moments: `from` belongs to it, `before` does not. Without a limit it is open. */
export interface DateRange {
  readonly from?: Date;
  readonly before?: Date;
}

/** The sessions to find. All conditions that are given must hold. */
export interface SessionFilter {
  /** The user's key. */
  readonly userKey?: string;
  /**
   * The address of the login, such as `"203.0.113.7"`, or its network, such as `"203.0.113.0/24"`. With `client.ip: "prefix"` or
   * `"hash"`, an address finds the sessions of its whole network (/24 or /64). A network finds no session whose address is
   * stored as a hash.
   */
  readonly ip?: string;
  /** The browser's family, exactly as in `session.agent`, such as `"Firefox"`. */
  readonly browser?: string;
  /** The system's family, exactly as in `session.agent`, such as `"macOS"`. */
  readonly os?: string;
  /** The `country` in the place that `client.geo` returned, such as `"DE"`. */
  readonly country?: string;
  /** The lowest authentication level that is in force. */
  readonly level?: number;
  readonly createdAt?: DateRange;
  /** The last activity, which is up to a minute behind. */
  readonly lastSeenAt?: DateRange;
  /** The issuer that `providerLogin` received. */
  readonly provider?: string;
}

/** Whether an address, or the base address of a network, is in the network of a filter. */
type NetworkTest = { readonly text: string; contains(ip: string): boolean };

const parseNetwork: Parser<NetworkTest> = (value, name) => {
  const [address = "", bits, more] = typeof value === "string" ? value.split("/") : [];
  const family = isIP(address);
  const most = family === 6 ? 128 : 32;
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (family === 0 || more !== undefined || !(length <= most))
    throw invalidOption(
      name,
      'an address such as "203.0.113.7" or a network such as "203.0.113.0/24"',
      value,
    );
  const list = new BlockList();
  if (family === 6) list.addSubnet(expandAddress(address), length, "ipv6");
  else list.addSubnet(address, length, "ipv4");
  const check = (ip: string) => list.check(ip, isIP(ip) === 6 ? "ipv6" : "ipv4");
  const text = bits === undefined ? (normalizeAddress(address) ?? address) : `${address}/${bits}`;
  return { text, contains: (ip) => check(ip) };
};

const parseText: Parser<string> = (value, name) => {
  if (typeof value === "string" && value !== "" && value.length <= 1_024 && value.isWellFormed())
    return value;
  throw invalidOption(name, "a text of 1 to 1024 characters", value);
};

const parseRange: Parser<TimeRange> = (value, name) => {
  const range = { from: { parse: parseDate }, before: { parse: parseDate } } as const;
  const { from, before } = parseOptions(value as DateRange, range, name);
  return { ...(from !== undefined && { from }), ...(before !== undefined && { before }) };
};

const FILTER = {
  userKey: { parse: parseLookupKey },
  ip: { parse: parseNetwork },
  browser: { parse: parseText },
  os: { parse: parseText },
  country: { parse: parseText },
  level: { parse: parsePositiveInteger },
  createdAt: { parse: parseRange },
  lastSeenAt: { parse: parseRange },
  provider: { parse: parseText },
} as const;

/** A filter whose conditions have been checked.@internal */
export interface ParsedFilter {
  readonly userKey: string | undefined;
  readonly ip: NetworkTest | undefined;
  readonly browser: string | undefined;
  readonly os: string | undefined;
  readonly country: string | undefined;
  readonly level: number | undefined;
  readonly createdAt: TimeRange | undefined;
  readonly lastSeenAt: TimeRange | undefined;
  readonly provider: string | undefined;
}

/** Checks the conditions of a filter. Throws `TypeError`.@internal */
export function parseFilter(filter: SessionFilter): ParsedFilter {
  return parseOptions(filter, FILTER, "filter");
}

/** Whether a filter has a condition. Without one it matches every session of every user.@internal */
export function hasCondition(filter: ParsedFilter): boolean {
  return Object.values(filter).some(
    (condition) =>
      condition !== undefined && (typeof condition !== "object" || Object.keys(condition).length > 0),
  );
}

/** Returns the part of a filter that a store can apply to save work.@internal */
export function toScanFilter({ userKey, createdAt, lastSeenAt, ...filter }: ParsedFilter): ScanFilter {
  const dataIncludes = [
    toMember("browser", filter.browser),
    toMember("os", filter.os),
    toMember("country", filter.country),
    toMember("issuer", filter.provider),
    filter.level !== undefined && filter.level > 1 ? '"reached":' : undefined,
  ].filter((text) => text !== undefined);
  return {
    ...(userKey !== undefined && { userKey }),
    ...(createdAt && { createdAt }),
    ...(lastSeenAt && { lastSeenAt }),
    ...(dataIncludes.length > 0 && { dataIncludes }),
  };
}

/** Returns the JSON of one member of an object, as `JSON.stringify` writes it. */
function toMember(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : JSON.stringify({ [name]: value }).slice(1, -1);
}

/** Returns a session's data if the filter matches the session. Claims and the data of later releases never match.@internal */
export function findMatch(
  filter: ParsedFilter,
  record: SessionRecord,
  now: number,
  { signer }: Pick<ResolvedOptions, "signer">,
  ended?: TimeRange,
): RecordData | undefined {
  const data = readRecordData(record);
  if (!data || record.userKey.startsWith(CLAIM_PREFIX)) return undefined;
  const { userKey, ip, browser, os, country, level = 1, createdAt, lastSeenAt, provider } = filter;
  const matches =
    (userKey === undefined || record.userKey === userKey) &&
    isWithin(record.createdAt, createdAt) &&
    isWithin(record.lastSeenAt, lastSeenAt) &&
    (!record.ended || isWithin(record.ended.at, ended)) &&
    (browser === undefined || data.agent?.browser === browser) &&
    (os === undefined || data.agent?.os === os) &&
    (country === undefined || getCountry(data) === country) &&
    (level === 1 || computeLevel(data, now) >= level) &&
    (provider === undefined || data.provider?.issuer === provider) &&
    (!ip || isFrom(ip, data, createNetworkMatcher(signer)));
  return matches ? data : undefined;
}

function getCountry({ geo }: RecordData): unknown {
  return (Object(geo) as { readonly country?: unknown }).country;
}

function isFrom(
  { text, contains }: NetworkTest,
  { ip, network }: RecordData,
  isNetwork: (network: string, hash: string) => boolean,
): boolean {
  // A network's hash can only be compared with that of an address's own network.
  if (network !== undefined) return !text.includes("/") && isNetwork(toNetwork(text), network);
  if (ip === undefined) return false;
  if (!ip.includes("/")) return contains(ip);
  return text.includes("/") ? contains(ip.slice(0, ip.indexOf("/"))) : toNetwork(text) === ip;
}
