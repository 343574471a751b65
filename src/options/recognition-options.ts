import { type OptionTable, parseBoolean, parseOptions } from "./parsers.ts";

/** The options of `recognition`: how a login is compared with earlier logins. */
export interface RecognitionOptions {
  /**
   * Whether to compare the browser, the system and the network with those of the user's live sessions. Default true. Costs
   * one more read at each login.
   */
  readonly sessions?: boolean;
  /**
   * Whether to recognize the browser by a separate cookie that stays for 400 days, such as `__Host-sessionup-device`.
   * Default false. The cookie is signed by `keys`. Only your pages receive the cookie, and no script can read it. The server
   * stores nothing of it, and it stays when the user logs out.
   */
  readonly device?: boolean;
}

const RECOGNITION = {
  sessions: { parse: parseBoolean, default: true },
  device: { parse: parseBoolean, default: false },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const RECOGNITION_TABLE: OptionTable = RECOGNITION;

/** Parses the options of `recognition`. Throws `TypeError`. @internal */
export function parseRecognitionOptions(options: RecognitionOptions): Required<RecognitionOptions> {
  const parsed = parseOptions(options, RECOGNITION, "recognition");
  if (parsed.sessions || parsed.device) return parsed;
  throw new TypeError(
    "recognition must use sessions, device or both. Remove the option recognize to use neither.",
  );
}
