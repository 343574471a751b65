import { describe } from "vitest";
import { POCKET_APPS } from "./_apps.ts";
import { pocketSuite } from "./_suite.ts";

for (const [framework, start] of Object.entries(POCKET_APPS))
  describe(`a pocket on ${framework}`, () => pocketSuite(start));
