import type { SessionRecord } from "../store.ts";
import type { ReachedLevel, StepUpState } from "./record.ts";

/** The authentication that a request requires. */
export interface StepUpRequirement {
  /** The highest age of the authentication, in milliseconds. */
  readonly maxAuthAge: number | undefined;
  /** The lowest level. Every session has level 1. */
  readonly level: number;
}

/** An authentication that has just happened. */
export interface StepUpProof {
  readonly level: number;
  /** How long the level lasts, in milliseconds. Unset for the rest of the session. */
  readonly lasts: number | undefined;
}

/** Beyond this number, the oldest reached level is dropped. */
const MAX_REACHED_LEVELS = 8;

/** Returns the highest level in force. */
export function computeLevel({ reached }: StepUpState, now: number): number {
  // Most sessions have reached no further level and need no arrays.
  return reached ? Math.max(1, ...inForce(reached, now).map(({ level }) => level)) : 1;
}

/** Whether one authentication of the user is both recent enough and of a sufficient level. */
export function meetsRequirement(
  proved: StepUpState,
  { maxAuthAge, level }: StepUpRequirement,
  { createdAt }: Pick<SessionRecord, "createdAt">,
  now: number,
): boolean {
  const { reached = [], authenticatedAt = createdAt } = proved;
  const at = level > 1 ? inForce(reached, now).findLast((each) => each.level >= level)?.at : authenticatedAt;
  return at !== undefined && (maxAuthAge === undefined || now - at <= maxAuthAge);
}

/** Returns the state of a session that begins with a login at this level. */
export function recordLogin(level: number, now: number): StepUpState {
  return level === 1 ? {} : { reached: [{ level, at: now }] };
}

/** Returns the state after one more authentication. A level that a stronger authentication reached stays. */
export function recordProof(
  { reached = [] }: StepUpState,
  { level, lasts }: StepUpProof,
  now: number,
): StepUpState {
  const kept = inForce(reached, now);
  if (level === 1) return { authenticatedAt: now, ...(kept.length > 0 && { reached: kept }) };
  const until = lasts === undefined ? undefined : now + lasts;
  const own: ReachedLevel = { level, at: now, ...(until !== undefined && { until }) };
  const others = kept.filter((each) => each.level > level || getEnd(each) > getEnd(own));
  return { authenticatedAt: now, reached: [...others, own].slice(-MAX_REACHED_LEVELS) };
}

/** Returns only the step-up state of a larger object. */
export function pickStepUpState({ authenticatedAt, reached }: StepUpState): StepUpState {
  return { ...(authenticatedAt !== undefined && { authenticatedAt }), ...(reached && { reached }) };
}

/** Returns a copy of `data` with its step-up state replaced. */
export function withStepUpState<Data extends StepUpState>(data: Data, proved: StepUpState): Data {
  const { authenticatedAt: _at, reached: _former, ...rest } = data;
  // TypeScript does not see that the rest of a generic type lacks only optional members.
  return { ...rest, ...pickStepUpState(proved) } as Data;
}

function inForce(reached: readonly ReachedLevel[], now: number): readonly ReachedLevel[] {
  return reached.filter((each) => getEnd(each) > now);
}

function getEnd({ until = Number.POSITIVE_INFINITY }: ReachedLevel): number {
  return until;
}
