import { matching, type OptionTable, type ParsedOptions, parseOptions } from "../../options/parsers.ts";
import { cleanupOptions } from "../shared/cleanup.ts";
import { TIMEOUT } from "../shared/deadline.ts";
import { pushOption } from "../shared/push-option.ts";
import type { LmdbPush } from "./push.ts";

const LMDB = {
  path: {
    parse: matching(/[^/\\]\.[^./\\]+$/, 'a file name with an extension, such as "sessions.lmdb"'),
    required: true,
  },
  name: {
    parse: matching(/^[^\0]{1,100}$/, "text of 1 to 100 characters without NUL"),
    default: "sessionup",
  },
  timeout: TIMEOUT,
  push: pushOption<LmdbPush>("lmdbPush"),
  ...cleanupOptions("1m"),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const LMDB_TABLE: OptionTable = LMDB;

/** Parses the options of `lmdbStore`. Throws `TypeError`. @internal */
export function parseLmdbOptions(options: object): ParsedOptions<typeof LMDB> {
  return parseOptions(options, LMDB, "lmdbStore", "");
}
