import type { Token } from "../cookie/token.ts";
import type { SessionError, UnauthorizedReason } from "../errors.ts";
import type { StepUpState } from "../rules/record.ts";
import { computeLevel } from "../rules/step-up.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import { type ParsedMeta, type Session, type SessionId, SessionView } from "../session.ts";
import type { EndReason, SessionRecord } from "../store.ts";

/** A session in the hand of the request that presented it. @internal */
export interface LiveSession<Out> extends AcceptedToken {
  readonly state: "session";
  readonly session: Session<Out>;
  readonly token: Token;
  readonly held: readonly SessionRecord[];
}

/** No session, though some may be held: presented with the right secret, and refused all the same. @internal */
export interface NoSession {
  readonly state: "none";
  readonly reason: UnauthorizedReason;
  readonly held: readonly SessionRecord[];
}

/** The store did not answer: nobody knows. @internal */
export interface FailedLookup {
  readonly state: "failed";
  readonly error: SessionError;
}

/** The three states of a request. @internal */
export type AuthResult<Out> = LiveSession<Out> | NoSession | FailedLookup;

/** A session as a connection that it has opened must remember it. @internal */
export interface OpenedSession {
  readonly id: SessionId;
  /** How often the app had replaced its secret by then. */
  readonly turns: number;
  /** When the session ends at the latest, or the secret that opened the connection; milliseconds since 1970. */
  readonly endsAt: number;
  /** Whether that is the end of the secret, which was replaced before, and not of the session. */
  readonly retires: boolean;
}

/** Why a session is over, or how often the app has replaced its secret. @internal */
export type SessionStanding = { readonly over: EndReason | "unknown" } | { readonly turns: number };

/** What the holder of the presented secret has proved: with an old one, nothing that came after it. @internal */
export function provedBy({ data, match }: Pick<AcceptedToken, "data" | "match">): StepUpState {
  return typeof match === "object" ? match : data;
}

/** @internal */
export function live<Out>(
  presented: Token,
  { record, data, match }: AcceptedToken,
  meta: ParsedMeta<Out>,
  held: readonly SessionRecord[],
  now: number,
): LiveSession<Out> {
  const proved = provedBy({ data, match });
  const session = new SessionView(record, data, meta, true, computeLevel(proved, now), proved);
  return { state: "session", admitted: true, session, token: presented, record, data, match, held };
}

/** @internal */
export function none(reason: UnauthorizedReason, held: readonly SessionRecord[] = []): NoSession {
  return { state: "none", reason, held };
}
