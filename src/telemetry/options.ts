import {
  aFunction,
  invalidOption,
  type OptionTable,
  type ParsedOptions,
  type Parser,
  parseBoolean,
  parseOptions,
} from "../options/parsers.ts";
import type { MetricsApi, TraceApi } from "./api.ts";

/** The options of `openTelemetry`. */
export interface OpenTelemetryOptions {
  /** The object `trace` of the app's `@opentelemetry/api`. Default: no spans. */
  readonly trace?: TraceApi;
  /** The object `metrics` of the app's `@opentelemetry/api`. Default: no metrics. */
  readonly metrics?: MetricsApi;
  /**
   * Writes the user key into spans, as `enduser.id`. Everyone who reads the traces then sees which user sent which request.
   * Default: false. Metrics never contain user keys.
   */
  readonly exportUserKeys?: boolean;
  /** Called with the first error that the app's OpenTelemetry API throws. No request fails. Default: `console.warn`. */
  readonly onError?: (error: unknown) => void;
}

/** Returns a parser for one of the objects of `@opentelemetry/api`. */
function apiObject<Api extends object>(name: string, method: keyof Api): Parser<Api> {
  return (value, option) => {
    if (typeof (value as Partial<Api> | null)?.[method] === "function") return value as Api;
    throw invalidOption(option, `the object ${name} of "@opentelemetry/api"`, value);
  };
}

const OPEN_TELEMETRY = {
  trace: { parse: apiObject<TraceApi>("trace", "getTracer") },
  metrics: { parse: apiObject<MetricsApi>("metrics", "getMeter") },
  exportUserKeys: { parse: parseBoolean, default: false },
  onError: { parse: aFunction<(error: unknown) => void>(), default: warn },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const OPEN_TELEMETRY_TABLE: OptionTable = OPEN_TELEMETRY;

/** @internal */
export type ParsedOpenTelemetry = ParsedOptions<typeof OPEN_TELEMETRY>;

/** Parses the options of `openTelemetry`. Throws `TypeError`. @internal */
export function parseOpenTelemetryOptions(options: OpenTelemetryOptions): ParsedOpenTelemetry {
  const parsed = parseOptions(options, OPEN_TELEMETRY, "openTelemetry");
  if (parsed.trace || parsed.metrics) return parsed;
  throw new TypeError("openTelemetry requires at least one of the options trace and metrics.");
}

function warn(error: unknown): void {
  console.warn("sessionup: the OpenTelemetry API failed. Requests continue without telemetry.", error);
}
