import { type Duration, parseDuration } from "../duration.ts";
import type { StepUpOptions } from "./middleware-options.ts";
import {
  matching,
  type OptionTable,
  type ParsedOptions,
  parseOptions,
  parsePositiveInteger,
} from "./parsers.ts";

/** The options of `sessionRoutes`. */
export interface RoutesOptions extends Pick<StepUpOptions, "level"> {
  /**
   * How recently the user must have authenticated, by `init` or `reauthenticate`, to end sessions other than their current
   * one (ASVS 7.5.2). Default `"15m"`. `false` turns this off: anyone who finds the browser open can then sign the user out
   * on all other devices.
   */
  readonly maxAuthAge?: Duration | false;
  /**
   * The path before each route, as browsers see it: `"/account"` for `/account/session`. Where the framework mounts the
   * routes, as `app.use("/api", …)` does, `path` may include the mount or leave it out: `"/api/account"` and `"/account"`
   * are the same there. Default: the path of the mount, or `""` where there is none.
   */
  readonly path?: string;
}

const ROUTES = {
  path: {
    parse: matching(/^(\/[^/?#]+)*$/, '"" or a path such as "/account", without a trailing slash'),
    default: "",
  },
  // Ending sessions other than the current one needs recent authentication (ASVS 7.5.2).
  maxAuthAge: {
    parse: (value: unknown, name: string) => (value === false ? undefined : parseDuration(value, name)),
    default: "15m",
  },
  level: { parse: parsePositiveInteger, default: 1 },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const ROUTES_TABLE: OptionTable = ROUTES;

/** The checked options of `sessionRoutes`. Times are milliseconds. @internal */
export type ParsedRoutes = ParsedOptions<typeof ROUTES>;

/** Parses the options of `sessionRoutes`. Throws `TypeError`. @internal */
export function parseRoutesOptions(options: RoutesOptions): ParsedRoutes {
  return parseOptions(options, ROUTES, "sessionRoutes");
}
