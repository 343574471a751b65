import {
  aFunction,
  invalidOption,
  type OptionTable,
  type ParsedOptions,
  type Parser,
  parseBoolean,
  parseOptions,
} from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";
import { TIMEOUT } from "../shared/deadline.ts";
import { pushOption } from "../shared/push-option.ts";
import type { RedisPush } from "./push.ts";

const parsePrefix: Parser<string> = (value, name) => {
  if (typeof value === "string" && value.isWellFormed()) return value;
  throw invalidOption(name, 'a well-formed string such as "sessionup:"', value);
};

const REDIS = {
  prefix: { parse: parsePrefix, default: "sessionup:" },
  timeout: TIMEOUT,
  onWarning: {
    parse: aFunction<(message: string) => void>(),
    default: (message: string) => console.warn(message),
  },
  push: pushOption<RedisPush>("redisPush"),
  reportExpired: { parse: parseBoolean, default: false },
  ...cleanupOptions("1m"),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const REDIS_TABLE: OptionTable = REDIS;

/** Parses the options of `redisStore`. Throws `TypeError`. @internal */
export function parseRedisOptions(options: object): ParsedOptions<typeof REDIS> {
  return parseOptions(options, REDIS, "redisStore", "");
}
