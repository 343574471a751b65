import type { Token } from "../cookie/token.ts";
import type { SessionError, UnauthorizedReason } from "../errors.ts";
import type { StepUpState } from "../rules/record.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import type { Session } from "../session.ts";
import type { SessionRecord } from "../store.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ParsedMeta } from "./metadata.ts";
import { SessionView } from "./session-view.ts";

/** The session that a request has proved to hold. @internal */
export interface LiveSession<Out> extends AcceptedToken {
  readonly state: "session";
  readonly session: Session<Out>;
  readonly token: Token;
  /** Every live session that the request has proved to hold. A login or logout ends them all. */
  readonly held: readonly SessionRecord[];
}

/** A request without a session. It may still hold some: presented with the right secret, and rejected all the same. @internal */
export interface NoSession {
  readonly state: "none";
  readonly reason: UnauthorizedReason;
  readonly held: readonly SessionRecord[];
}

/** A request whose session is not known, because the store did not answer. @internal */
export interface FailedLookup {
  readonly state: "failed";
  readonly error: SessionError;
}

/** The three states of a request. @internal */
export type AuthResult<Out> = LiveSession<Out> | NoSession | FailedLookup;

/** Returns what the holder of the presented secret has proved: an old secret has no part in later proofs. @internal */
export function getStepUpState({ data, match }: Pick<AcceptedToken, "data" | "match">): StepUpState {
  return typeof match === "object" ? match : data;
}

/** @internal */
export function toLiveSession<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  token: Token,
  accepted: AcceptedToken,
  meta: ParsedMeta<Out>,
  held: readonly SessionRecord[],
  now: number,
): LiveSession<Out> {
  const { record, data, match } = accepted;
  const session = new SessionView(lifecycle, record, data, meta, true, now, getStepUpState(accepted));
  return { state: "session", admitted: true, session, token, record, data, match, held };
}

/** @internal */
export function toNoSession(reason: UnauthorizedReason, held: readonly SessionRecord[] = []): NoSession {
  return { state: "none", reason, held };
}
