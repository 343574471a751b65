import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createManager } from "../../examples/demo/manager.ts";
import { openStore } from "../../examples/demo/stores.ts";
import { Users } from "../../examples/demo/users.ts";
import { type Site, startSite } from "../examples/demo/site.ts";
import { startChromium } from "../support/chromium.ts";
import { startPostgres } from "../support/servers/postgres.ts";
import { startRedis } from "../support/servers/redis.ts";
import { DemoDevices, press } from "./_demo-devices.ts";

vi.mock("node:crypto", async (original) =>
  (await import("../examples/demo/quick-passwords.ts")).quickPasswords(original),
);

describe.each([
  ["redis", startRedis],
  ["postgres", startPostgres],
] as const)("two instances of the demo with %s", (name, startServer) => {
  let browser: Browser;
  let here: Site;
  let there: Site;
  const closing: Array<() => Promise<void>> = [];

  /** Starts an instance with its own connections. Both know the same accounts. */
  async function startInstance(url: string, users: Users): Promise<Site> {
    const { store, close } = await openStore(name, url);
    closing.push(close);
    const site = await startSite(createManager(store), { users });
    closing.push(() => site.close());
    return site;
  }

  // Long enough to install Chromium.
  beforeAll(async () => {
    browser = await startChromium();
    const server = await startServer();
    closing.push(() => server.stop());
    const users = new Users();
    here = await startInstance(server.url, users);
    there = await startInstance(server.url, users);
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    for (const close of closing.reverse()) await close();
  });

  it("a page of one instance says at once that the other instance signed its device out", async () => {
    const { onPhone, onLaptop } = await new DemoDevices(browser, here).userOnTwo({ javaScriptEnabled: true });
    // The phone's cookie is valid on every port of localhost.
    const opened = onPhone.waitForResponse("**/events");
    await onPhone.goto(`${there.url}/private`);
    await opened;
    await press(onLaptop, /^Sign out Chrome/);
    const dialog = onPhone.getByRole("alertdialog");
    await dialog.waitFor();
    expect(await dialog.getByRole("paragraph").textContent()).toMatch(/^You were signed out from another/);
  });
});
