import type { ContractSkip } from "sessionup/testing";

/** The operations that a store in the process's own memory lacks: a scan does the same, one session at a time. */
export const MEMORY_SKIPS: ContractSkip = {
  reason: "memoryStore ends the sessions of a date by a scan",
  tests: [
    "delete-created-before/all-users",
    "delete-created-before/returned-ids",
    "delete-created-before/claims",
    "delete-created-before/fast-clock",
    "delete-created-before/tombstones-max",
    "delete-created-before/tombstones",
    "delete-created-before/many",
    "subscribe/delete-created-before",
    "count/live",
  ],
};
