/** The apps of docs/start/quick-start.md do what the page shows with curl. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { SessionJson } from "sessionup";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";
import { markdownFences } from "./documents.ts";
import { parseSnippet, SnippetFolder } from "./snippets.ts";

const PAGE = "docs/start/quick-start.md";
const PORT = "3000";

const tabs = markdownFences()
  .filter(({ document, language }) => document === PAGE && language === "ts")
  .map((fence) => ({ title: /\[(.+)\]/.exec(fence.info)?.[1] ?? "", snippet: parseSnippet(fence) }));
/** Tests of examples/next and examples/sveltekit build apps of these frameworks. */
const apps = tabs.filter(({ snippet }) => snippet.packages === undefined);

describe("the quick start", () => {
  it("has a tab for each framework", () => {
    const titles = tabs.map(({ title }) => title).filter((title) => !title.includes(".ts"));
    expect(titles).toEqual([
      "Express",
      "Fastify",
      "Hono",
      "Koa",
      "NestJS",
      "Next.js",
      "SvelteKit",
      "h3",
      "node:http",
      "Fetch",
    ]);
  });

  it.each(apps)(
    "the app for $title answers as the page shows",
    async ({ snippet }) => {
      expect(snippet.code.split(PORT)).toHaveLength(2);
      const port = await findFreePort();
      const own = { ...snippet, code: snippet.code.replace(PORT, String(port)) };
      const folder = new SnippetFolder([own]);
      await folder.bundle([own]);
      const app = folder.start(own);
      const output = collectOutput(app);
      try {
        const origin = `http://localhost:${port}`;
        await waitUntilReady(app, origin, output);
        await walk(origin);
      } finally {
        await stop(app);
        folder.remove();
      }
    },
    120_000,
  );
});

async function walk(origin: string): Promise<void> {
  const client = new ContractClient(origin);
  const rejected = await client.get("/account");
  expect([rejected.status, rejected.text]).toEqual([401, '{"error":"unauthorized","reason":"no_cookie"}']);

  const login = await client.post("/login");
  expect([login.status, login.text]).toEqual([expect.toBeOneOf([200, 201]), "Logged in"]);
  expect([...client.jar.keys()]).toEqual(["__Host-sessionup"]);
  const copy = client.cookieHeader();

  expect((await client.get("/account")).text).toBe("Hello, user-1");
  const devices = (await client.get("/devices")).json() as readonly SessionJson[];
  expect(devices).toMatchObject([{ current: true, id: client.token().split(".")[0] }]);

  const foreign = await client.post("/logout", { origin: "https://evil.example" });
  expect([foreign.status, foreign.text]).toEqual([403, '{"error":"forbidden"}']);
  expect((await client.get("/account")).status).toBe(200);

  expect((await client.post("/logout")).text).toBe("Logged out");
  expect(client.jar.size).toBe(0);
  expect((await client.get("/account", { cookie: copy })).status).toBe(401);
}

async function findFreePort(): Promise<number> {
  const { origin, close } = await listen(createServer());
  await close();
  return Number(new URL(origin).port);
}

function collectOutput(app: ChildProcess): string[] {
  const output: string[] = [];
  app.stdout?.on("data", (text) => output.push(String(text)));
  app.stderr?.on("data", (text) => output.push(String(text)));
  return output;
}

async function waitUntilReady(app: ChildProcess, origin: string, output: readonly string[]): Promise<void> {
  while (app.exitCode === null) {
    if (await fetch(origin).catch(() => undefined)) return;
    await delay(100);
  }
  throw new Error(`The app ended:\n${output.join("")}`);
}

async function stop(app: ChildProcess): Promise<void> {
  if (app.exitCode !== null || app.signalCode !== null) return;
  const ended = once(app, "exit");
  app.kill("SIGKILL");
  await ended;
}
