import type { Agent } from "../session.ts";
import type { Json } from "../store.ts";
import { aFunction, type OptionTable, oneOf, type Parser, parseBoolean, parseOptions } from "./parsers.ts";

/** The data that a session keeps about the client that logged in. */
export interface ClientOptions {
  /**
   * How a session keeps the client's address. Default true: the whole address. `"prefix"` keeps only its network, /24 or
   * /64, such as `"203.0.113.0/24"`. `"hash"` keeps a hash of that network by `keys`, which can be compared and never shown.
   * False keeps nothing.
   */
  readonly ip?: boolean | "prefix" | "hash";
  /** Whether a session keeps the families of browser and operating system. Default true. */
  readonly agent?: boolean;
  /**
   * Labels the client. Default: a built-in labeller of the common browsers and operating systems. `labelAgent` of
   * `sessionup/user-agent` also knows in-app browsers, tools, crawlers and devices. The function receives at most 512
   * characters of the User-Agent, and the request's headers by lower-case name.
   */
  readonly parse?: (userAgent: string, header: (name: string) => string | undefined) => Agent;
  /**
   * Locates an address with your own database or service. Default: none. The function returns JSON of at most 1 024
   * characters, which the session keeps and shows as `geo`. Each login waits for it. It receives the whole address, even
   * where the session keeps less. An error that it throws is emitted as `error` and does not fail the login.
   */
  readonly geo?: (ip: string) => Json | undefined | Promise<Json | undefined>;
}

/** The parsed option `client`. @internal */
export interface ParsedClient {
  readonly ip: boolean | "prefix" | "hash";
  readonly agent: boolean;
  readonly parse: ClientOptions["parse"];
  readonly geo: ClientOptions["geo"];
}

const CLIENT = {
  ip: { parse: oneOf(true, "prefix", "hash", false), default: true },
  agent: { parse: parseBoolean, default: true },
  parse: { parse: aFunction<NonNullable<ClientOptions["parse"]>>() },
  geo: { parse: aFunction<NonNullable<ClientOptions["geo"]>>() },
} as const;

/** Parses the option `client`. Throws `TypeError`. @internal */
export const parseClient: Parser<ParsedClient> = (given, name) => parseOptions(given as object, CLIENT, name);

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const CLIENT_TABLE: OptionTable = CLIENT;
