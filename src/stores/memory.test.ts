import { describe, it } from "vitest";
import { storeContract } from "../testing/store-contract.ts";
import { memoryStore } from "./memory.ts";

describe("memoryStore", () => {
  storeContract({ describe, it }, { create: () => memoryStore() });
});
