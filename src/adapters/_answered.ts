import { SessionError } from "../errors.ts";

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
    if (!SessionError.is(error)) throw error;
    return await refuse(error);
  }
}
