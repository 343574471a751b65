import { userInfo } from "node:os";
import type { Actor } from "../store.ts";

/** Returns the operator as the party that ends sessions: the name that was given, or the one of the operating system. */
export function toOperator(name: string | undefined): Actor {
  const id = name ?? readLoginName();
  return { kind: "admin", ...(id !== undefined && { id }) };
}

/** A container may run as a user without a name. */
function readLoginName(): string | undefined {
  try {
    return userInfo().username || undefined;
  } catch {
    return undefined;
  }
}
