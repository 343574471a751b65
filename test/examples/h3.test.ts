import { afterAll, describe, it } from "vitest";
import { type Example, startExample, walk } from "./_walk.ts";

describe("examples/h3", () => {
  let example: Example | undefined;
  afterAll(() => example?.stop());

  it("logs in on two browsers, ends one from the other, and logs out", async () => {
    example = await startExample("h3");
    await walk(example.origin);
  });
});
