import { SessionError } from "../../errors.ts";
import type { LmdbRoot } from "./client.ts";

/** Runs the writes of `work`, all or none. Rejects with the error of `work`, or with the cause of a failed commit. */
export async function runTransaction<Answer>(root: LmdbRoot, work: () => Answer): Promise<Answer> {
  let waits = false;
  // The outer transaction queues behind the app's own. The inner one can be undone without undoing the writes of others.
  const answer = root.transaction(() => {
    if (!waits)
      throw new SessionError(
        "ERR_STORE",
        "lmdbStore: do not call the store inside a transaction of the app.",
      );
    return root.childTransaction(work);
  });
  waits = true;
  // When a commit fails, the package also rejects this promise. Without a handler that would end the process.
  setImmediate(() => void root.committed.then(ignore, ignore));
  try {
    return await answer;
  } catch (error) {
    throw await findCause(error);
  }
}

function ignore(): void {}

/** Returns the cause of a failed commit, such as a full disk. The package keeps it in a separate promise. */
async function findCause(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !("commitError" in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}
