import type { DpopProofs } from "../options/dpop-proofs.ts";
import {
  matching,
  type OptionTable,
  type ParsedOptions,
  parseOptions,
  resultOf,
} from "../options/parsers.ts";
import { toDeviceName } from "./device-name.ts";

/** The options of `bearer`. */
export interface BearerOptions {
  /**
   * The response header that carries a new token. Default `"Session-Token"`. List it in `Access-Control-Expose-Headers` for
   * front ends on another site.
   */
  readonly header?: string;
  /**
   * Binds sessions to a key that never leaves the device: `dpop()` of `sessionup/dpop`. Default: none. A copied token then works
   * on any device.
   */
  readonly dpop?: DpopProofs;
}

const BEARER = {
  header: {
    parse: matching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, "the name of a header, 1 to 64 characters"),
    default: "Session-Token",
  },
  dpop: { parse: resultOf<DpopProofs>("dpop", "verify") },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const BEARER_TABLE: OptionTable = BEARER;

/** The option that `initBearer` has beside those of `init`. */
export interface DeviceOptions {
  /**
   * The name that the client gives for its device, such as `"Ana's phone"`, as the client sent it. Lists show it as one line of at
   * most 64 characters. Anything else than text is ignored. Default: none.
   */
  readonly deviceName?: unknown;
}

const DEVICE = { deviceName: { parse: toDeviceName } } as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const DEVICE_TABLE: OptionTable = DEVICE;

/** Parses the name of a device. Accepts anything, because the client chooses it. @internal */
export function parseDeviceOptions(options: DeviceOptions): ParsedOptions<typeof DEVICE> {
  return parseOptions(options, DEVICE, "initBearer");
}

/** The checked options of `bearer`. @internal */
export type ParsedBearer = ParsedOptions<typeof BEARER>;

/** Parses the options of `bearer`. Throws `TypeError`. @internal */
export function parseBearerOptions(options: BearerOptions): ParsedBearer {
  return parseOptions(options, BEARER, "bearer");
}
