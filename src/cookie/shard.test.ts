import { describe, expect, it } from "vitest";
import { shardOf } from "./shard.ts";

describe("shardOf", () => {
  it("is the same for the same user, for ever: it is in every stored id", () => {
    expect(["user-1", "user-2", "", "😀"].map(shardOf)).toMatchInlineSnapshot(`
      [
        "4K",
        "C0",
        "au",
        "S6",
      ]
    `);
  });

  it("spreads users evenly over 3 844 shards", () => {
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
