import type { ContractSkip } from "sessionup/testing";

/** The tests of the store contract that do not apply to Durable Objects. */
export const skip: readonly ContractSkip[] = [
  {
    reason: "each object removes its expired sessions at its own alarm",
    tests: [
      "delete-expired/past-deadline",
      "delete-expired/extended",
      "delete-expired/limit",
      "on-expired/reports-once",
    ],
  },
  {
    reason: "objects cannot be enumerated",
    tests: [
      "delete-created-before/all-users",
      "delete-created-before/returned-ids",
      "delete-created-before/fast-clock",
      "delete-created-before/tombstones-max",
      "delete-created-before/tombstones",
      "delete-created-before/many",
      "fetch-by-link/all-users",
      "fetch-by-link/stable",
    ],
  },
];
