import { SessionError } from "../errors.ts";

/** How long a store waits for an answer from the network unless it is told otherwise, in milliseconds. */
export const ANSWER_WITHIN = 5_000;

/**
 * The answer, or `ERR_STORE` (503) when it takes longer: a request must not wait for as long as a driver does, whose
 * patience is minutes. What was asked for may still happen: a late write is one that nobody was told of.
 */
export function within<Answer>(milliseconds: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new SessionError("ERR_STORE", `the session store did not answer within ${milliseconds} ms`));
    }, milliseconds);
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
