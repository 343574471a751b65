import { afterAll, describe, it } from "vitest";
import { type Example, startExample, walk } from "./_walk.ts";

let example: Example | undefined;
afterAll(() => example?.stop());

describe("examples/koa", () => {
  it("logs in on two browsers, ends one from the other, and logs out", async () => {
    example = await startExample("koa");
    await walk(example.origin);
  });
});
