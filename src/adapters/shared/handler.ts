import { SessionError } from "../../errors.ts";
import type { MaybePromise } from "../../store.ts";

/**
 * Runs a handler unless the guard rejects the request. Answers the guard's rejection, and a `SessionError` that the
 * handler throws, with `reject`. Throws every other error.
 */
export async function runGuarded<Answer>(
  guard: () => MaybePromise<SessionError | undefined>,
  handle: () => Answer | Promise<Answer>,
  reject: (error: SessionError) => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    const guarded = guard();
    const rejection = guarded && (await guarded);
    return await (rejection ? reject(rejection) : handle());
  } catch (error) {
    if (SessionError.is(error)) return await reject(error);
    throw error ?? toErrorObject(error);
  }
}

/**
 * Turns a thrown value into an object, which every framework takes for a failure. Many frameworks read `undefined` as "no
 * error": the handler would run or the request hang. Express skips middleware for the value `"route"`.
 */
export function toErrorObject(thrown: unknown): object {
  if (typeof thrown === "object" && thrown !== null) return thrown;
  return new Error(`A value that is not an Error was thrown: ${typeof thrown}.`, { cause: thrown });
}
