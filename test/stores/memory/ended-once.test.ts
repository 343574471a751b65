import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { testEndedOnce } from "../../support/ended-once/ended-once.ts";

describe("memoryStore", () => {
  testEndedOnce({
    program: fileURLToPath(new URL("_ended-once.ts", import.meta.url)),
    processes: 1,
    persists: false,
  });
});
