import type { Context } from "./command.ts";

/** Asks the operator to type one of these answers. Returns whether they did, and false without a terminal. */
export async function confirm(
  { terminal, signal }: Context,
  question: string,
  answers: readonly string[],
): Promise<boolean> {
  const answer = await terminal.ask(question, signal);
  return answer !== undefined && answers.includes(answer.trim());
}
