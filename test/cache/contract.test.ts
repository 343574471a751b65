import { cached } from "sessionup/cache";
import { memoryStore } from "sessionup/stores/memory";
import { storeContract } from "sessionup/testing";
import { describe, it } from "vitest";
import { MEMORY_SKIPS } from "../contract/skips.ts";
import { hotStore } from "./_hot-store.ts";

const another = <Same>(store: Same): Same => store;

describe("cached(memoryStore())", () => {
  storeContract({ describe, it }, { create: () => cached(memoryStore()), another, skip: [MEMORY_SKIPS] });
});

describe("cached(memoryStore()) that reads every session before and after each operation", () => {
  const create = () => hotStore(cached(memoryStore()));
  storeContract({ describe, it }, { create, another, skip: [MEMORY_SKIPS] });
});
