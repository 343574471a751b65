import { readFileSync } from "node:fs";
import type { SessionJson } from "sessionup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { buildNextExample, NEXT } from "../frameworks/next/build.ts";
import { submitForm } from "../frameworks/next/forms.ts";
import { type Example, startExample } from "../support/walk.ts";

describe("examples/next", () => {
  let folder: string;
  let example: Example;
  beforeAll(async () => {
    folder = await buildNextExample();
    const args = [`${NEXT}node_modules/next/dist/bin/next`, "start"];
    const env = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
    example = await startExample("next", { file: process.execPath, args, cwd: folder, env });
  }, 240_000);
  afterAll(() => example?.stop());

  it("a user logs in on two browsers, ends one session from the other, and logs out", async () => {
    const { origin } = example;
    const [phone, desk] = [new ContractClient(origin), new ContractClient(origin)];
    expect((await phone.get("/")).text).toContain("Hello, stranger");
    expect((await phone.get("/api/devices")).status).toBe(401);
    for (const client of [phone, desk]) {
      const answer = await submitForm(client, origin, { path: "/", fields: { name: "ann" } });
      expect([answer.status, answer.headers.get("location")]).toEqual([303, "/devices"]);
      expect((await client.get("/")).text).toContain("Hello, ann");
    }
    const devices = (await desk.get("/api/devices")).json() as SessionJson[];
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true]);
    const other = String(devices.find(({ current }) => !current)?.id);
    const left = await submitForm(desk, origin, {
      path: "/devices",
      containing: other,
      fields: { id: other },
    });
    expect([left.status, left.html.includes(other), left.html.includes("(this one)")]).toEqual([
      200,
      false,
      true,
    ]);
    expect((await phone.get("/api/devices")).status).toBe(401);
    expect((await desk.get("/account/session")).json()).toMatchObject({ userKey: "ann" });
    const out = await submitForm(desk, origin, { path: "/devices", containing: "Log out", fields: {} });
    expect([out.status, out.headers.get("location"), desk.jar.size]).toEqual([303, "/", 0]);
    expect((await desk.get("/")).text).toContain("Hello, stranger");
  });

  it("the ready-made routes log out", async () => {
    const client = new ContractClient(example.origin);
    await submitForm(client, example.origin, { path: "/", fields: { name: "bob" } });
    expect((await client.post("/account/logout")).status).toBe(204);
    expect(client.jar.size).toBe(0);
  });

  it("the page that Next.js prerenders contains no session", () => {
    const shell = readFileSync(`${folder}/.next/server/app/index.html`, "utf8");
    expect(shell).toContain("<html");
    expect(shell).not.toContain("Hello");
  });
});
