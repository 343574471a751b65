import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { handshake } from "../frameworks/ws/site.ts";
import { startChromium } from "../support/chromium.ts";
import { type Example, startExample, walk } from "../support/walk.ts";

describe("examples/ws", () => {
  let example: Example;
  let browser: Browser;
  // Long enough to install Chromium.
  beforeAll(async () => {
    example = await startExample("ws");
    browser = await startChromium();
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    await example?.stop();
  });

  it("a user logs in on two browsers, ends one session from the other, and logs out", async () => {
    await walk(example.origin);
  });

  it("only signed-in users can chat, until they sign out", async () => {
    const url = `${example.origin.replace("http", "ws")}/chat`;
    expect((await handshake(url, {})).status).toBe(401);
    const [ann, bob] = [new ContractClient(example.origin), new ContractClient(example.origin)];
    await ann.post("/login?name=ann");
    await bob.post("/login?name=bob");
    const fromAnn = await handshake(url, { cookie: ann.cookieHeader() });
    const fromBob = await handshake(url, { cookie: bob.cookieHeader() });
    expect(await fromAnn.socket.ask("hi")).toBe("ann: hi");
    await ann.post("/logout");
    expect(await fromAnn.socket.closed).toEqual({ code: 4401, reason: "logout" });
    expect(await fromBob.socket.ask("bye")).toBe("bob: bye");
    expect(fromBob.socket.got).toEqual(["ann: hi", "bob: bye"]);
    fromBob.socket.ws.close();
  });

  it("the page signs in, sends a message, and shows a sign-out in another tab", async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(10_000);
    const [page, other] = [await context.newPage(), await context.newPage()];
    await page.goto(example.origin);
    await page.getByText("Please sign in.").waitFor();
    await page.getByLabel("Name").fill("<b>cid");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Connected.").waitFor();
    expect(await page.getByRole("heading").textContent()).toBe("Hello, <b>cid");
    await page.getByLabel("Message").fill("hi");
    await page.getByRole("button", { name: "Send" }).click();
    expect(await page.getByRole("listitem").textContent()).toBe("<b>cid: hi");
    await other.goto(example.origin);
    await other.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Signed out: logout.").waitFor();
  });
});
