import { SessionError } from "../../errors.ts";

/** What `create` rejects with where a record with the id is there. */
export function duplicateError(store: string): SessionError {
  return new SessionError("ERR_DUPLICATE_ID", `${store}: a record with this id is there`);
}

/** What `create` rejects with where the user's limit refuses one more. */
export function limitError(max: number | undefined): SessionError {
  return new SessionError("ERR_LIMIT", `the user has ${max} sessions, and may have no more`);
}
