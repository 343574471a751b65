import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyExample } from "../frameworks/copy.ts";
import { compileIn, installSvelteKit, nodeFor, PACKAGES, viteBuild } from "../frameworks/sveltekit/build.ts";
import { type Example, startExample, walk } from "../support/walk.ts";

let copy: { folder: string; remove(): void } | undefined;
const running: Example[] = [];

beforeAll(async () => {
  await installSvelteKit(3);
  copy = await copyExample("sveltekit", `${PACKAGES[3]}node_modules`);
  await viteBuild(copy.folder, await nodeFor(3));
}, 600_000);

afterAll(async () => {
  for (const example of running) await example.stop();
  copy?.remove();
});

describe("examples/sveltekit", () => {
  it("the app compiles with the session's type in event.locals", () => compileIn(copy?.folder ?? ""), 60_000);

  it("a user logs in, ends a session and logs out behind a proxy that adapter-node trusts", async () => {
    const example = await startExample("sveltekit", {
      file: await nodeFor(3),
      args: ["build"],
      cwd: copy?.folder ?? "",
      env: {
        HOST: "127.0.0.1",
        PROTOCOL_HEADER: "x-forwarded-proto",
        HOST_HEADER: "x-forwarded-host",
        ADDRESS_HEADER: "x-forwarded-for",
      },
    });
    running.push(example);
    const devices = await walk(example.origin, {
      origin: "https://app.example",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "app.example",
      "x-forwarded-for": "203.0.113.9",
    });
    expect(devices.map(({ ip }) => ip)).toEqual(["203.0.113.9", "203.0.113.9"]);
  });
});
