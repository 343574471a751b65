import { afterAll, describe, it } from "vitest";
import { type Example, startExample, walk } from "../support/walk.ts";

const running: Example[] = [];
afterAll(async () => {
  for (const example of running) await example.stop();
});

describe.each(["express", "fastify"])("examples/nest on %s", (platform) => {
  it("a user logs in on two browsers, ends one session from the other, and logs out", async () => {
    const args = ["--import", "tsx", "examples/nest/server.ts"];
    const env = { PLATFORM: platform };
    const example = await startExample("nest", { file: process.execPath, args, env });
    running.push(example);
    await walk(example.origin);
  });
});
