import type { ContractSkip } from "sessionup/testing";

/** The operations that a store in the process's own memory lacks: a scan does the same, one session at a time. */
export const MEMORY_SKIPS: ContractSkip = {
  reason: "memoryStore ends and counts sessions by a scan",
  tests: ["delete-created-before", "subscribe/delete-created-before", "count"],
};
