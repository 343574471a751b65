import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

describe("memoryStore", () => {
  it("does not keep the process alive", () => {
    const script = `
      import { memoryStore } from "./src/stores/memory.ts";
      const store = memoryStore();
      await store.create(
        { id: "1", userKey: "ann", revision: 0, createdAt: 0, lastSeenAt: 0, expiresAt: 1, deadline: 1, data: { v: 1 } },
        { now: 0 },
      );
      console.log("stored");
    `;
    const { stdout, status } = spawnSync("npx", ["tsx", "--input-type=module", "--eval", script], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect([stdout.trim(), status]).toEqual(["stored", 0]);
  });
});
