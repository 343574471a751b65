import type { SessionCursor } from "../store.ts";

/** Part of what ends, and the cursor behind it. Without one it was the last. */
export interface Step<Cursor> {
  readonly ids: readonly string[];
  readonly next: Cursor | undefined;
}

/**
 * Ends a user's sessions in steps, for stores in which very many at once would keep others waiting; all the ids that
 * ended. From the newest on: whatever was there when it began is behind the cursor until its turn comes.
 */
export async function inSteps<Cursor = SessionCursor>(
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
