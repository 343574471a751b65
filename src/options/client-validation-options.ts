import { type OptionTable, oneOf, parseBoolean, parseOptions } from "./parsers.ts";

/**
 * The options of `clientValidation`: which attributes of the client are compared with those at login. An attribute that the
 * session or the request lacks counts as unchanged.
 */
export interface ClientValidationOptions {
  /**
   * Whether to compare addresses. Default false. `true` compares networks (/24, /64). Phones change networks all day.
   * `"exact"` compares whole addresses and needs `client.ip: true`. It signs out users of carriers and offices that switch
   * addresses within a network. An adapter that knows no address compares nothing, which an `error` event reports once.
   */
  readonly ip?: boolean | "exact";
  /** Whether to compare the families of browser and operating system. Default false. */
  readonly agent?: boolean;
  /**
   * The response to a changed client. Default `"reject"`: 401, and the session stays. `"end"`: 401, and the session ends.
   * `"report"`: only a `client_changed` event.
   */
  readonly onChange?: "reject" | "end" | "report";
}

const CLIENT_VALIDATION = {
  ip: { parse: oneOf(true, false, "exact"), default: false },
  agent: { parse: parseBoolean, default: false },
  onChange: { parse: oneOf("reject", "end", "report"), default: "reject" },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const CLIENT_VALIDATION_TABLE: OptionTable = CLIENT_VALIDATION;

/** Parses the options of `clientValidation`. Throws `TypeError`. @internal */
export function parseClientValidationOptions(
  options: ClientValidationOptions,
): Required<ClientValidationOptions> {
  const parsed = parseOptions(options, CLIENT_VALIDATION, "clientValidation");
  if (parsed.ip || parsed.agent) return parsed;
  throw new TypeError("clientValidation must compare ip, agent or both.");
}
