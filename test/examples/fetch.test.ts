import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINES, installEngines, type Program, program, unsupported } from "../runtimes/packages.ts";
import { ROOT } from "../support/entries.ts";
import { type Example, startExample, walk } from "../support/walk.ts";

const FOLDER = `${ROOT}examples/fetch`;
const WRANGLER = `${ENGINES}node_modules/wrangler/bin/wrangler.js`;

interface Platform {
  readonly name: string;
  readonly program: Program;
  args(data: string): readonly string[];
}

const PLATFORMS: readonly Platform[] = [
  { name: "Bun", program: "Bun", args: () => ["bun.ts"] },
  { name: "Deno", program: "Deno", args: () => ["run", "--allow-all", "deno.ts"] },
  {
    name: "Cloudflare Workers",
    // The program that starts workerd runs on Node.
    program: "Node 24",
    args: (data) => [WRANGLER, "dev", "--ip", "127.0.0.1", "--port", "0", "--persist-to", data],
  },
];

describe("examples/fetch", () => {
  const running: Example[] = [];
  let data = "";
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), "sessionup-example-"));
    await installEngines();
  }, 600_000);
  afterAll(async () => {
    for (const example of running) await example.stop();
    await rm(data, { recursive: true });
  });

  for (const { name, program: needed, args } of PLATFORMS) {
    const reason = unsupported(needed);
    if (reason) {
      it.skip(`${name}: a user logs in, ends a session and logs out (skipped: ${reason})`);
      continue;
    }
    it(`${name}: a user logs in on two browsers, ends one session from the other, and logs out`, async () => {
      const example = await startExample("fetch", {
        file: program(needed),
        args: args(data),
        cwd: FOLDER,
        env: { DATABASE: join(data, `${needed}.db`), WRANGLER_SEND_METRICS: "false" },
      });
      running.push(example);
      const devices = await walk(example.origin);
      expect(devices.map(({ ip }) => ip)).toEqual(["127.0.0.1", "127.0.0.1"]);
    });
  }

  const reason = unsupported("Deno");
  if (reason) it.skip(`deno.ts compiles with Deno's types (skipped: ${reason})`);
  else
    it("deno.ts compiles with Deno's types", async () => {
      const checked = promisify(execFile)(program("Deno"), ["check", "deno.ts"], { cwd: FOLDER });
      await expect(checked).resolves.toBeDefined();
    });
});
