import type { SessionRecord } from "../store.ts";
import type { ReachedLevel, StepUpState } from "./record.ts";

/** What a request needs the user to have proved. */
export interface StepUpRequirement {
  /** How long ago at most, in milliseconds. */
  readonly maxAuthAge: number | undefined;
  /** At which level at least; 1 is what every session has. */
  readonly level: number;
}

/** That the user has just proved who they are. */
export interface StepUpProof {
  readonly level: number;
  /** How long the level counts, in milliseconds; unset: as long as the session lives. */
  readonly lasts: number | undefined;
}

/** So many levels are remembered; the oldest goes first. */
const MOST_REACHED = 8;

/** The level in force. */
export function computeLevel({ reached }: StepUpState, now: number): number {
  // No list is made for the usual session, which has reached none.
  return reached ? Math.max(1, ...reached.filter((each) => counts(each, now)).map(({ level }) => level)) : 1;
}

/** Whether what was proved is enough: at that level or above, and no longer ago, both by the same proof. */
export function meetsRequirement(
  proved: StepUpState,
  { maxAuthAge, level }: StepUpRequirement,
  { createdAt }: Pick<SessionRecord, "createdAt">,
  now: number,
): boolean {
  const at = level > 1 ? lastReached(proved, level, now) : (proved.authenticatedAt ?? createdAt);
  return at !== undefined && (maxAuthAge === undefined || now - at <= maxAuthAge);
}

/** What a login has proved: that the user is who they are, when the session began. */
export function recordLogin(level: number, now: number): StepUpState {
  return level === 1 ? {} : { reached: [{ level, at: now }] };
}

/** What has been proved when one more proof was given. It takes no level away that was reached by a stronger one. */
export function recordProof(
  { reached = [] }: StepUpState,
  { level, lasts }: StepUpProof,
  now: number,
): StepUpState {
  const left = reached.filter((each) => counts(each, now));
  if (level === 1) return { authenticatedAt: now, ...(left.length > 0 && { reached: left }) };
  const until = lasts === undefined ? undefined : now + lasts;
  const own: ReachedLevel = { level, at: now, ...(until !== undefined && { until }) };
  const others = left.filter((each) => each.level > level || endOf(each) > endOf(own));
  return { authenticatedAt: now, reached: [...others, own].slice(-MOST_REACHED) };
}

/** What was proved, and nothing else of what it stands in. */
export function pickStepUpState({ authenticatedAt, reached }: StepUpState): StepUpState {
  return { ...(authenticatedAt !== undefined && { authenticatedAt }), ...(reached && { reached }) };
}

/** The same, with that in the place of what was proved. */
export function withStepUpState<Data extends StepUpState>(data: Data, proved: StepUpState): Data {
  const { authenticatedAt: _at, reached: _former, ...rest } = data;
  // Generic rest types forget that nothing but optional members were taken away.
  return { ...rest, ...pickStepUpState(proved) } as Data;
}

function lastReached({ reached = [] }: StepUpState, level: number, now: number): number | undefined {
  return reached.findLast((each) => each.level >= level && counts(each, now))?.at;
}

function counts(each: ReachedLevel, now: number): boolean {
  return endOf(each) > now;
}

function endOf({ until = Number.POSITIVE_INFINITY }: ReachedLevel): number {
  return until;
}
