import type { SessionCursor } from "../../store.ts";

/** Sorts after all ids, which consist of letters and digits. */
export const AFTER_ALL = "~";

/**
 * Ends sessions of all users step by step, in the order of their ids, for stores that have that order. `findStepEnd` returns
 * the last id of the step that begins after `after`, or `undefined` if too few ids are left for a whole step. `end` ends the
 * matching sessions after `after` up to `last`, and returns their ids.
 */
export async function* stepThroughIds(
  findStepEnd: (after: string) => Promise<string | undefined>,
  end: (after: string, last: string) => Promise<readonly string[]>,
): AsyncGenerator<readonly string[], void> {
  let after = "";
  while (after !== AFTER_ALL) {
    const last = (await findStepEnd(after)) ?? AFTER_ALL;
    yield await end(after, last);
    after = last;
  }
}

/** The ids that ended in one step, and the cursor for the next step. The last step has none. */
export interface Step<Cursor> {
  readonly ids: readonly string[];
  readonly next: Cursor | undefined;
}

/**
 * Ends a user's sessions in steps, and returns all ids that ended: a single step over very many sessions would block other
 * clients. Goes from the newest session to the oldest, so every session that was stored at the start is still ahead of the
 * cursor until its step.
 */
export async function endInSteps<Cursor = SessionCursor>(
  step: (before: Cursor | undefined) => Promise<Step<Cursor>>,
): Promise<readonly string[]> {
  const ended: string[] = [];
  let before: Cursor | undefined;
  do {
    const { ids, next } = await step(before);
    ended.push(...ids);
    before = next;
  } while (before);
  return ended;
}
