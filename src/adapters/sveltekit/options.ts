import type { SessionError } from "../../errors.ts";
import { matching, type OptionTable, type ParsedOptions, parseOptions } from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";

/** The options of `svelteKitSessions`. `Event` is SvelteKit's type, as far as `reject` names it. */
export interface SvelteKitSessionsOptions<Event> {
  /**
   * Throws SvelteKit's `error` or `redirect` for a rejected request; for `public` and `auth`, it may return a `Response` instead.
   * Default: JSON. `error.status` is 401, 403 for a page of another origin, or 503 when the store does not answer. Show a 503 as
   * an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, event: Event) => Response | Promise<Response>;
  /** The name of the session in `event.locals`. Default `"session"`. A second manager needs a name of its own. */
  readonly as?: string;
}

const SVELTEKIT = {
  reject: rejectOption<SvelteKitSessionsOptions<never>>(),
  as: { parse: matching(/./s, "a name for event.locals"), default: "session" },
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const SVELTEKIT_TABLE: OptionTable = SVELTEKIT;

/** Parses the options of `svelteKitSessions`. Throws `TypeError`. @internal */
export function parseSvelteKitOptions(
  options: SvelteKitSessionsOptions<never>,
): ParsedOptions<typeof SVELTEKIT> {
  return parseOptions(options, SVELTEKIT, "svelteKitSessions");
}
