import type { ClientInfo } from "../client-info/compare.ts";
import type { Recognition } from "../events.ts";
import type { Exchange, SetCookie } from "../exchange.ts";
import type { SessionRecord } from "../store.ts";
import type { ResolvedOptions } from "./manager-options.ts";

/** Recognizes clients at login. Created by `recognition()` of `sessionup/recognition`. */
export interface Recognizer {
  readonly sessions: boolean;
  readonly device: boolean;
  /** Throws `TypeError` where the manager's other options do not allow it. @internal */
  check(options: ResolvedOptions): void;
  /** Returns whether the client was seen before, and the cookie that recognizes it next time. @internal */
  recognize(login: Login): Promise<{
    readonly seen: Recognition;
    readonly cookie: SetCookie | undefined;
  }>;
}

/** A login that a recognizer compares. @internal */
export interface Login {
  readonly options: ResolvedOptions;
  readonly exchange: Exchange;
  readonly userKey: string;
  readonly client: ClientInfo;
  readonly now: number;
  /** Reads the user's newest live sessions. */
  readPage(limit: number): Promise<readonly SessionRecord[]>;
}
