import type { ContractSkip } from "sessionup/testing";

/** The tests of the store contract that do not apply to Durable Objects. */
export const skip: readonly ContractSkip[] = [
  {
    reason: "each object removes its expired sessions at its own alarm",
    tests: ["delete-expired/past-deadline", "delete-expired/extended", "delete-expired/limit", "on-expired"],
  },
  {
    reason: "a count would ask 3 844 objects",
    tests: ["count/live"],
  },
];
