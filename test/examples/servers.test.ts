import { afterAll, describe, expect, it } from "vitest";
import { type Example, startExample, walk } from "../support/walk.ts";

const running: Example[] = [];
afterAll(async () => {
  for (const example of running) await example.stop();
});

describe.each(["express", "fastify", "h3", "hono", "koa", "lambda", "node"])("examples/%s", (name) => {
  it("a user logs in on two browsers, ends one session from the other, and logs out", async () => {
    const example = await startExample(name);
    running.push(example);
    await walk(example.origin);
  });
});

describe("an example that cannot start", () => {
  it("startExample rejects with the output of an example that cannot start", async () => {
    await expect(startExample("nowhere")).rejects.toThrow(
      /ended before it printed an address:\n[\s\S]*nowhere/,
    );
  });
});
