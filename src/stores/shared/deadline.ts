import { MAX_TIMER_DELAY, parseDuration } from "../../duration.ts";
import { SessionError } from "../../errors.ts";
import type { DefaultOption } from "../../options/parsers.ts";

/** The option `timeout` of a store, in milliseconds. @internal */
export const TIMEOUT: DefaultOption<number> = {
  parse: (value, name) => Math.min(parseDuration(value, name), MAX_TIMER_DELAY),
  default: "5s",
};

/** The time for which a store waits for its database. A request must not wait as long as a driver does, which may be minutes. */
export class Deadline {
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }

  /**
   * Resolves to the answer, or rejects with `ERR_STORE` (503) if it takes longer. The command may still be executed: then
   * the write takes effect although the caller received an error.
   */
  within<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `The session store did not answer within ${this.milliseconds} ms.`;
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
