import { SessionError } from "../../errors.ts";
import { toErrorObject } from "../shared/handler.ts";

/** Calls one of two functions, once. An error that `succeed` throws does not count as a failure of `work`. */
export function settle<Value>(
  work: Promise<Value>,
  succeed: (value: Value) => void,
  fail: (error: object) => void,
): void {
  work.then(succeed, (thrown) => fail(toHttpError(thrown)));
}

/**
 * Returns an error that frameworks answer with its status. Express and Koa read `status`. NestJS reads `statusCode`, and only of
 * errors in the form of http-errors.
 */
function toHttpError(thrown: unknown): object {
  // Passport takes `undefined` for success.
  const error = toErrorObject(thrown);
  return SessionError.is(error) ? Object.assign(error, { statusCode: error.status, expose: false }) : error;
}
