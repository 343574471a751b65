import { parseFilter, type SessionFilter } from "../admin/filter.ts";
import { usageError } from "./cli-error.ts";
import { type FlagValues, parseCount, parseText, type ValueFlag } from "./flag.ts";
import { parseMoment } from "./moment.ts";

const text = (value: string, summary: string): ValueFlag<string> => ({
  group: "Filter",
  value,
  summary,
  parse: parseText,
});
const moment = (summary: string): ValueFlag<Date> => ({
  group: "Filter",
  value: "<time>",
  summary,
  parse: parseMoment,
});

/** The flags that select sessions. All that are given must hold. */
export const FILTER_FLAGS: FilterFlags = {
  user: text("<key>", "The user's key, exactly"),
  ip: text("<address>", "Address of the login, or a network such as 10.0.0.0/8"),
  browser: text("<name>", "Family, as in the list, such as Firefox"),
  os: text("<name>", "System, as in the list, such as macOS"),
  country: text("<code>", "The country that your option client.geo returned"),
  level: {
    group: "Filter",
    value: "<number>",
    summary: "Authentication level of at least this",
    parse: parseCount,
  },
  provider: text("<issuer>", "Identity provider that signed the user in"),
  "created-after": moment("Began at this time or later: 2026-01-31, 7d (ago)"),
  "created-before": moment("Began earlier than this"),
  "seen-after": moment("Last used at this time or later"),
  "seen-before": moment("Last used earlier than this"),
};

interface FilterFlags {
  readonly user: ValueFlag<string>;
  readonly ip: ValueFlag<string>;
  readonly browser: ValueFlag<string>;
  readonly os: ValueFlag<string>;
  readonly country: ValueFlag<string>;
  readonly level: ValueFlag<number>;
  readonly provider: ValueFlag<string>;
  readonly "created-after": ValueFlag<Date>;
  readonly "created-before": ValueFlag<Date>;
  readonly "seen-after": ValueFlag<Date>;
  readonly "seen-before": ValueFlag<Date>;
}

/** The values of the flags that select sessions. */
export type FilterValues = FlagValues<Pick<FilterFlags, keyof FilterFlags>>;

/** Returns the filter of `sessionup/admin` for these flags. */
export function toFilter(values: FilterValues): SessionFilter {
  const { user, ip, browser, os, country, level, provider } = values;
  const createdAt = toRange(values["created-after"], values["created-before"], "created");
  const lastSeenAt = toRange(values["seen-after"], values["seen-before"], "seen");
  const filter: SessionFilter = {
    ...(user !== undefined && { userKey: user }),
    ...(ip !== undefined && { ip }),
    ...(browser !== undefined && { browser }),
    ...(os !== undefined && { os }),
    ...(country !== undefined && { country }),
    ...(level !== undefined && { level }),
    ...(provider !== undefined && { provider }),
    ...(createdAt && { createdAt }),
    ...(lastSeenAt && { lastSeenAt }),
  };
  try {
    parseFilter(filter);
  } catch (error) {
    if (error instanceof TypeError) throw usageError(toFlagName(error.message));
    throw error;
  }
  return filter;
}

/** Names the flag instead of the option of the filter. */
function toFlagName(message: string): string {
  return message.replace(/^filter\.(\w+)/, (_, name: string) => `--${name === "userKey" ? "user" : name}`);
}

function toRange(
  from: Date | undefined,
  before: Date | undefined,
  name: string,
): { readonly from?: Date; readonly before?: Date } | undefined {
  if (!from && !before) return undefined;
  if (from && before && from >= before)
    throw usageError(`No session can match: --${name}-after is not earlier than --${name}-before.`);
  return { ...(from && { from }), ...(before && { before }) };
}

/** Whether a filter has no condition. */
export function isEmpty(filter: SessionFilter): boolean {
  return Object.keys(filter).length === 0;
}
