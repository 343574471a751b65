import { type Duration, parseDuration } from "../duration.ts";
import { parseKeys } from "../options/manager-options.ts";
import {
  aFunction,
  invalidOption,
  matching,
  type OptionTable,
  oneOf,
  type ParsedOptions,
  type Parser,
  parseBoolean,
  parseInterval,
  parseOptions,
  parsePositiveInteger,
} from "../options/parsers.ts";
import type { AuditEntry, AuditHead } from "./entry.ts";
import type { AuditSink } from "./sink.ts";

/** Returns the form in which a sink writes an entry. */
export type AuditFormat = (entry: AuditEntry) => object;

/** The options of `auditLog`. */
export interface AuditLogOptions {
  /** Receive every entry. Required without a store that writes a trail. Default: none. */
  readonly to?: readonly AuditSink[];
  /**
   * Secrets of at least 32 bytes that make the hashes of the chain. The first one makes them. Keep the others as long as there
   * are entries that they made. Without keys, an attacker who can write the trail can compute it anew. Default: none.
   */
  readonly keys?: readonly string[];
  /** How often the entries of a store's trail get their place in the chain. Default: `"1s"`. */
  readonly sealEvery?: Duration;
  /** How many entries wait for each sink at most. Further ones are lost, which `error` reports. Default: 10 000. */
  readonly maxWaiting?: number;
  /**
   * How many entries `rejected` a process writes in a minute at most. The next one then has `details.omitted`. Default: 1 000.
   */
  readonly maxRejected?: number;
}

/** The options of `fileSink`. */
export interface FileSinkOptions {
  /**
   * Whether each write reaches the disk before it counts (`fdatasync`). Without it a crash of the machine loses the latest
   * entries; a crash of the process loses none. Default: true.
   */
  readonly sync?: boolean;
  /** The form of a line. `verifyEntries` reads only the default: the entry itself. */
  readonly format?: AuditFormat;
}

/** The options of `httpSink`. */
export interface HttpSinkOptions {
  /** The headers of each request, such as `authorization`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long a request may take. Default: `"10s"`. */
  readonly timeout?: Duration;
  /** `"lines"` sends a JSON object per line, `"array"` a JSON array. Default: `"lines"`. */
  readonly body?: "lines" | "array";
  /** The form of an entry. Default: the entry itself. */
  readonly format?: AuditFormat;
}

/** The options of `loggerSink`. */
export interface LoggerSinkOptions {
  /** The logger's method. Default: `"info"`. */
  readonly level?: string;
  /** The form of an entry. Default: the entry itself. */
  readonly format?: AuditFormat;
}

/** The options of `verifyEntries`. */
export interface VerifyOptions {
  /** Every key with which the entries were made. Default: none, for a trail without keys. */
  readonly keys?: readonly string[];
  /** Heads that were kept elsewhere. Each must still be there. Default: none. */
  readonly heads?: readonly AuditHead[];
}

/** The options of `auditTrail`. */
export interface AuditTrailOptions {
  /** As in `auditLog`. Default: none. */
  readonly keys?: readonly string[];
}

/** The options of `trail.read`. */
export interface AuditQuery {
  /** Only the entries of this user. */
  readonly userKey?: string;
  /** Only entries from this moment on. */
  readonly from?: Date;
  /** Only entries before this moment. */
  readonly before?: Date;
  /** Only entries after the one with this number: that of the last entry of the previous page. */
  readonly after?: number;
  /** The largest number of entries. Default: 1 000. */
  readonly limit?: number;
}

/** The options of `trail.verify`. */
export interface TrailVerifyOptions {
  /** A head that was kept elsewhere, which must still be there. */
  readonly head?: AuditHead;
}

/** The options of `trail.eraseUser`. */
export interface EraseOptions {
  /**
   * What happens to a user's entries:
   *
   * - `keep`: nothing, for example because a law demands the trail.
   * - `pseudonymize`: the personal part is removed. All entries of the user carry the same random name.
   * - `delete`: everything is removed, except for the number, the time and the hash.
   */
  readonly policy: "keep" | "pseudonymize" | "delete";
}

const same: AuditFormat = (entry) => entry;
const parseFormat = aFunction<AuditFormat>();

const parseSinks: Parser<readonly AuditSink[]> = (value, name) => {
  const isSink = (sink: Partial<AuditSink> | null) => typeof sink?.write === "function";
  if (Array.isArray(value) && value.every(isSink)) return [...value];
  throw invalidOption(name, "an array of sinks, such as [fileSink(path)]", value);
};

const parseHeaders: Parser<Readonly<Record<string, string>>> = (value, name) => {
  if (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((each) => typeof each === "string")
  )
    return { ...value };
  throw invalidOption(name, "an object of texts", value);
};

const parseDateValue: Parser<number> = (value, name) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw invalidOption(name, "a valid Date", value);
};

const parseText: Parser<string> = matching(/./s, "text that is not empty");

const AUDIT = {
  to: { parse: parseSinks, default: [] },
  keys: { parse: parseKeys },
  sealEvery: { parse: parseInterval, default: "1s" },
  maxWaiting: { parse: parsePositiveInteger, default: 10_000 },
  maxRejected: { parse: parsePositiveInteger, default: 1_000 },
} as const;

const FILE = {
  sync: { parse: parseBoolean, default: true },
  format: { parse: parseFormat, default: same },
} as const;

const HTTP = {
  headers: { parse: parseHeaders, default: {} },
  timeout: { parse: parseDuration, default: "10s" },
  body: { parse: oneOf("lines", "array"), default: "lines" },
  format: { parse: parseFormat, default: same },
} as const;

const LOGGER = {
  level: { parse: parseText, default: "info" },
  format: { parse: parseFormat, default: same },
} as const;

const TRAIL = { keys: { parse: parseKeys } } as const;

const READ = {
  userKey: { parse: parseText },
  from: { parse: parseDateValue },
  before: { parse: parseDateValue },
  after: { parse: parsePositiveInteger },
  limit: { parse: parsePositiveInteger, default: 1_000 },
} as const;

const isHead = (head: Partial<AuditHead> | null): boolean =>
  typeof head?.chain === "string" && Number.isSafeInteger(head.seq) && typeof head.hash === "string";

const parseHead: Parser<AuditHead> = (value, name) => {
  if (isHead(value as AuditHead)) return value as AuditHead;
  throw invalidOption(name, "a head with chain, seq and hash", value);
};

const parseHeads: Parser<readonly AuditHead[]> = (value, name) => {
  if (Array.isArray(value) && value.every(isHead)) return value;
  throw invalidOption(name, "an array of heads, each with chain, seq and hash", value);
};

const VERIFY = { keys: { parse: parseKeys }, heads: { parse: parseHeads, default: [] } } as const;

const VERIFY_TRAIL = { head: { parse: parseHead } } as const;

const ERASE = { policy: { parse: oneOf("keep", "pseudonymize", "delete"), required: true } } as const;

/** The option tables, from which `docs/reference/options.md` is generated. @internal */
export const AUDIT_TABLES: Readonly<
  Record<
    | "auditLog"
    | "fileSink"
    | "httpSink"
    | "loggerSink"
    | "verifyEntries"
    | "auditTrail"
    | "read"
    | "verify"
    | "eraseUser",
    OptionTable
  >
> = {
  auditLog: AUDIT,
  fileSink: FILE,
  httpSink: HTTP,
  loggerSink: LOGGER,
  verifyEntries: VERIFY,
  auditTrail: TRAIL,
  read: READ,
  verify: VERIFY_TRAIL,
  eraseUser: ERASE,
};

/** Parses the options of `auditLog`. Throws `TypeError`. @internal */
export function parseAuditOptions(options: object): ParsedOptions<typeof AUDIT> {
  return parseOptions(options, AUDIT, "auditLog", "");
}

/** Parses the options of `fileSink`. Throws `TypeError`. @internal */
export function parseFileOptions(options: object): ParsedOptions<typeof FILE> {
  return parseOptions(options, FILE, "fileSink");
}

/** Parses the options of `httpSink`. Throws `TypeError`. @internal */
export function parseHttpOptions(options: object): ParsedOptions<typeof HTTP> {
  return parseOptions(options, HTTP, "httpSink");
}

/** Parses the options of `loggerSink`. Throws `TypeError`. @internal */
export function parseLoggerOptions(options: object): ParsedOptions<typeof LOGGER> {
  return parseOptions(options, LOGGER, "loggerSink");
}

/** Parses the options of `auditTrail`. Throws `TypeError`. @internal */
export function parseTrailOptions(options: object): ParsedOptions<typeof TRAIL> {
  return parseOptions(options, TRAIL, "auditTrail", "");
}

/** Parses the options of `trail.read`. Throws `TypeError`. @internal */
export function parseQuery(options: object): ParsedOptions<typeof READ> {
  return parseOptions(options, READ, "read");
}

/** Parses the options of `verifyEntries`. Throws `TypeError`. @internal */
export function parseVerifyOptions(options: object): ParsedOptions<typeof VERIFY> {
  return parseOptions(options, VERIFY, "verifyEntries", "");
}

/** Parses the options of `trail.verify`. Throws `TypeError`. @internal */
export function parseTrailVerifyOptions(options: object): ParsedOptions<typeof VERIFY_TRAIL> {
  return parseOptions(options, VERIFY_TRAIL, "verify");
}

/** Parses the options of `trail.eraseUser`. Throws `TypeError`. @internal */
export function parseEraseOptions(options: object): ParsedOptions<typeof ERASE> {
  return parseOptions(options, ERASE, "eraseUser");
}
