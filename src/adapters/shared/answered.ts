import { SessionError } from "../../errors.ts";

/**
 * What a handler behind a guard comes to: its own answer, or the refusal of the guard, and of a `SessionError` that it
 * throws. Any other error goes on.
 */
export async function answered<Answer>(
  guarded: Promise<SessionError | undefined>,
  handle: () => Answer | Promise<Answer>,
  refuse: (error: SessionError) => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    const refusal = await guarded;
    return await (refusal ? refuse(refusal) : handle());
  } catch (error) {
    if (SessionError.is(error)) return await refuse(error);
    throw error ?? failureOf(error);
  }
}

/**
 * What frameworks take for a failure: an object. To many of them `undefined` means that nothing failed, so that the
 * handler runs or the request hangs; and `"route"` makes Express skip the middleware that follows.
 */
export function failureOf(thrown: unknown): object {
  if (typeof thrown === "object" && thrown !== null) return thrown;
  return new Error(`a value that is not an Error was thrown: ${typeof thrown}`, { cause: thrown });
}
