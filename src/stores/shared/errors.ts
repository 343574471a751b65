import { SessionError } from "../../errors.ts";

/** Creates the error of `create` for an id that is already stored. */
export function duplicateError(store: string): SessionError {
  return new SessionError("ERR_DUPLICATE_ID", `${store}: a record with this id is already stored.`);
}

/** Creates the error of `create` for a login beyond the user's limit. */
export function limitError(max: number | undefined): SessionError {
  return new SessionError("ERR_LIMIT", `The user already has ${max} sessions, the maximum.`);
}
