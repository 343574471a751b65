import { createServer } from "node:http";
import type { Application } from "express";
import { beforeAll, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";
import { installPocketPackages } from "./packages.ts";

beforeAll(async () => {
  await installPocketPackages();
  Object.assign(process.env, { SESSION_KEY: "k".repeat(32), SESSION_SECRET: "s".repeat(32) });
}, 600_000);

it.each<[name: string, cookies: number, load: () => Promise<{ app: Application }>]>([
  // connect-flash begins a session for every visitor who could have messages.
  ["connect-flash", 1, () => import("./apps/flash/before.ts")],
  ["sessionup/pocket", 0, () => import("./apps/flash/after.ts")],
])("the profile page shows the messages once: %s", async (_name, cookies, load) => {
  const { app } = await load();
  const { origin, close } = await listen(createServer(app));
  try {
    const client = new ContractClient(origin);
    expect((await client.get("/profile")).cookies).toHaveLength(cookies);
    expect((await client.post("/profile")).headers.get("location")).toBe("/profile");
    expect((await client.get("/profile")).json()).toEqual({
      errors: ["The photo is too large."],
      messages: { info: ["Your profile was saved."] },
    });
    expect((await client.get("/profile")).json()).toEqual({ errors: [], messages: {} });
  } finally {
    await close();
  }
});
