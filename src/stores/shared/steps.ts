import type { SessionCursor } from "../../store.ts";

/** Behind all ids: those are letters and digits. */
const BEHIND_ALL = "~";

/**
 * Goes through everybody's sessions in the order of their ids, for stores that have that order. `idBehind` finds where
 * a step ends, if there is enough behind `after`; `end` ends what it has to up to there, and names it.
 */
export async function* stepThroughIds(
  idBehind: (after: string) => Promise<string | undefined>,
  end: (after: string, last: string) => Promise<readonly string[]>,
): AsyncGenerator<readonly string[], void> {
  let after = "";
  while (after !== BEHIND_ALL) {
    const last = (await idBehind(after)) ?? BEHIND_ALL;
    yield await end(after, last);
    after = last;
  }
}

/** Part of what ends, and the cursor behind it. Without one it was the last. */
export interface Step<Cursor> {
  readonly ids: readonly string[];
  readonly next: Cursor | undefined;
}

/**
 * Ends a user's sessions in steps, for stores in which very many at once would keep others waiting; all the ids that
 * ended. From the newest on: whatever was there when it began is behind the cursor until its turn comes.
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
