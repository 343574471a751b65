import type { SessionError } from "../../errors.ts";
import {
  aFunction,
  invalidOption,
  type OptionTable,
  type ParsedOptions,
  parseOptions,
} from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";
import type { NextCookies, NextHeaders } from "./exchange.ts";

/** The options of `nextSessions`. `headers` and `cookies` are required. */
export interface NextSessionsOptions {
  /** Next.js's function: `import { cookies, headers } from "next/headers"`. */
  readonly headers: () => Promise<NextHeaders>;
  /** Next.js's function. */
  readonly cookies: () => Promise<NextCookies>;
  /**
   * Returns the address of the connected peer, which Next.js does not expose, from a header that your edge sets and no client
   * can. Default: the address is unknown.
   */
  readonly peerAddress?: (headers: NextHeaders) => string | undefined;
  /**
   * Responds to a request that `public` or `auth` rejects, in place of the default JSON. May call `redirect` of
   * `next/navigation`. `error.status` is 401, 403 for a page of another origin, or 503 when the store does not answer. Show a
   * 503 as an outage, never as a login page.
   */
  readonly reject?: (error: SessionError, request: Request) => Response | Promise<Response>;
}

function parseNextFunction<F>(value: unknown, name: string): F {
  if (typeof value === "function") return value as F;
  throw invalidOption(name, 'the function of `import { cookies, headers } from "next/headers"`', value);
}

const NEXT = {
  headers: { parse: parseNextFunction<NextSessionsOptions["headers"]>, required: true },
  cookies: { parse: parseNextFunction<NextSessionsOptions["cookies"]>, required: true },
  peerAddress: { parse: aFunction<NonNullable<NextSessionsOptions["peerAddress"]>>() },
  reject: rejectOption<NextSessionsOptions>(),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const NEXT_TABLE: OptionTable = NEXT;

/** Parses the options of `nextSessions`. Throws `TypeError`. @internal */
export function parseNextOptions(options: NextSessionsOptions): ParsedOptions<typeof NEXT> {
  return parseOptions(options, NEXT, "nextSessions");
}
