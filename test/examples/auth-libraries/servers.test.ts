import { afterAll, describe, expect, it } from "vitest";
import { type Example, startExample } from "../../support/walk.ts";
import { installExamples } from "./packages.ts";

const running: Example[] = [];
afterAll(async () => {
  for (const example of running) await example.stop();
});

describe.each(["arctic", "authjs", "better-auth", "passport"] as const)("examples/%s", (name) => {
  it("the server starts as its README says", async () => {
    await installExamples(name);
    const secret = "a secret for this test, which is long";
    const example = await startExample(name, {
      file: process.execPath,
      args: ["--import", "tsx", `examples/${name}/server.ts`],
      env: { AUTH_SECRET: secret, BETTER_AUTH_SECRET: secret },
    });
    running.push(example);
    const response = await fetch(example.origin);
    expect([response.status, (await response.text()).slice(0, 5)]).toEqual([200, "Hello"]);
  }, 600_000);
});
