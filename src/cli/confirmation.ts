import { usageError } from "./cli-error.ts";
import type { Context } from "./command.ts";

/** Asks the operator to type one of these answers. Returns whether they did. */
export async function confirm(
  { terminal, signal }: Context,
  question: string,
  answers: readonly string[],
): Promise<boolean> {
  if (!terminal.canAsk)
    throw usageError("There is no terminal to confirm on. Add --yes, or look first with --dry-run.");
  const answer = await terminal.ask(question, signal);
  return answer !== undefined && answers.includes(answer.trim());
}
