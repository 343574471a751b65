import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe } from "vitest";
import { testEndedOnce } from "../../support/ended-once/ended-once.ts";
import { LmdbFile } from "./_fixture.ts";

const file = new LmdbFile();
beforeAll(() => file.make());
afterAll(() => file.remove());

describe("lmdbStore", () => {
  testEndedOnce({
    program: fileURLToPath(new URL("_ended-once.ts", import.meta.url)),
    args: () => [file.path],
    // One process has the file.
    processes: 1,
    stores: 3,
  });
});
