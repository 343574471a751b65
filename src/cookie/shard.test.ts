import { describe, expect, it } from "vitest";
import { shardOf } from "./shard.ts";

describe("shardOf", () => {
  it("shardOf never changes for a user key, because every stored id contains it", () => {
    expect(["user-1", "user-2", "", "😀"].map(shardOf)).toMatchInlineSnapshot(`
      [
        "4K",
        "C0",
        "au",
        "S6",
      ]
    `);
  });

  it("shardOf spreads users evenly over 3 844 shards", () => {
    const counts = new Map<string, number>();
    for (let user = 0; user < 384_400; user++) {
      const shard = shardOf(`user-${user}`);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect(counts.size).toBe(3_844);
    expect(Math.max(...counts.values())).toBeLessThan(160);
    for (const shard of counts.keys()) expect(shard).toMatch(/^[0-9A-Za-z]{2}$/);
  });
});
