import { type Duration, MAX_TIMER_DELAY, parseDuration } from "../../duration.ts";
import { SessionError } from "../../errors.ts";

/** How long a store waits for an answer from the network unless it is told otherwise, in milliseconds. */
const ANSWER_WITHIN = 5_000;

/** How long a store waits for its database: a request must not wait for as long as a driver does, which may be minutes. */
export class Deadline {
  readonly milliseconds: number;

  /** Throws `TypeError` for what is no duration, naming the option. */
  constructor(timeout: Duration | undefined) {
    this.milliseconds =
      timeout === undefined ? ANSWER_WITHIN : Math.min(parseDuration(timeout, "timeout"), MAX_TIMER_DELAY);
  }

  /**
   * The answer, or `ERR_STORE` (503) when it takes longer. What was asked for may still happen: a late write is one
   * that nobody was told of.
   */
  within<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `the session store did not answer within ${this.milliseconds} ms`;
        reject(new SessionError("ERR_STORE", message));
      }, this.milliseconds);
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
}
