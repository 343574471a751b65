import type { Exchange } from "../exchange.ts";
import type { RecordData } from "../rules/record.ts";
import type { SessionRecord } from "../store.ts";
import type { PresentedTokens } from "./cookie-header.ts";
import type { Token } from "./token.ts";

/** Carries the token between a client and the manager: in our cookie, or in headers with `sessionup/bearer`. */
export interface Carrier {
  /** The data that the record of a new session keeps besides the name of the carrier. */
  readonly kept?: Pick<RecordData, "sentAs" | "kind" | "deviceName" | "jkt"> | undefined;
  /** Whether the client adds the token itself. A page of another origin then cannot send a request in a user's name. */
  readonly isExplicit?: true;
  /** Throws if `init` cannot use this carrier. */
  assertInit?(): void;
  /** Reads the tokens of a request. */
  read(exchange: Exchange): PresentedTokens;
  /** Throws if the response can no longer carry a token. Call it before writing to the store. */
  assertWritable(exchange: Exchange): void;
  /** Sends a token of this session. */
  send(exchange: Exchange, token: Token, now: number, record: SessionRecord): void;
  /** Makes the client forget its token. */
  clear(exchange: Exchange): void;
  /** Makes the client forget its token at a logout. */
  clearAtLogout(exchange: Exchange): void;
  /** Does nothing if the headers were already sent. */
  clearIfWritable(exchange: Exchange): void;
}
