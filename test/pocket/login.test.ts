import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoginSite, startLoginSite } from "./site.ts";
import { type Page, Visitor } from "./visitor.ts";

let site: LoginSite;

beforeAll(async () => {
  site = await startLoginSite();
}, 600_000);
afterAll(() => site?.close());

const isCallback = (url: URL) => url.origin === site.app && url.pathname === "/callback";

/** Begins a login and returns the provider's page. */
const begin = (visitor: Visitor, query = "") => visitor.visit(`${site.app}/login${query}`);

/** Signs in on the provider's pages. Returns the address of the callback, which the browser has not yet requested. */
async function signIn(visitor: Visitor, page: Page, login = "ann"): Promise<URL> {
  const stop = (url: URL) => !isCallback(url);
  let current = page;
  for (let step = 0; step < 3 && !isCallback(current.url); step++)
    current = await visitor.submit(current, { login, password: "any" }, stop);
  expect(isCallback(current.url)).toBe(true);
  return current.url;
}

const me = async (visitor: Visitor) => {
  const { status, text } = await visitor.visit(`${site.app}/me`);
  return status === 200 ? JSON.parse(text) : status;
};

const REJECTED = { error: ["This sign-in is no longer valid. Please try again."] };

describe("a login with openid-client at oidc-provider", () => {
  it("signs the user in, and returns to the page where the login began", async () => {
    const visitor = new Visitor();
    const callback = await signIn(visitor, await begin(visitor, "?returnTo=/me?a=1"));
    const page = await visitor.visit(callback);
    expect(page.url.href).toBe(`${site.app}/me?a=1`);
    expect(await me(visitor)).toMatchObject({ userId: "ann", cart: [] });
    expect(visitor.cookieNames(site.app)).toEqual(["__Host-sessionup"]);
  });

  it("the cart moves into the session", async () => {
    const visitor = new Visitor();
    for (const item of ["tea", "cup"]) await visitor.visit(`${site.app}/cart/${item}`, { method: "POST" });
    const before = await visitor.visit(`${site.app}/cart`);
    await visitor.visit(await signIn(visitor, await begin(visitor)));
    const cart = [
      { item: "tea", count: 1 },
      { item: "cup", count: 1 },
    ];
    expect(JSON.parse(before.text)).toEqual(cart);
    expect(await me(visitor)).toMatchObject({ cart });
    expect(visitor.cookieNames(site.app)).toEqual(["__Host-sessionup"]);
  });

  it("two logins in one browser at the same time both succeed", async () => {
    const visitor = new Visitor();
    const tabs = [await begin(visitor, "?returnTo=/me?tab=1"), await begin(visitor, "?returnTo=/me?tab=2")];
    const callbacks = [];
    for (const tab of tabs) callbacks.push(await signIn(visitor, tab));
    for (const [index, callback] of callbacks.entries()) {
      const page = await visitor.visit(callback);
      expect(page.url.href).toBe(`${site.app}/me?tab=${index + 1}`);
      expect(page.status).toBe(200);
    }
  });

  it("a callback in another browser is rejected, so that no visitor is signed in as the attacker", async () => {
    const [attacker, victim] = [new Visitor(), new Visitor()];
    const callback = await signIn(attacker, await begin(attacker), "eve");
    await begin(victim);
    const page = await victim.visit(callback);
    expect(JSON.parse(page.text)).toEqual(REJECTED);
    expect(await me(victim)).toBe(401);
  });

  it("a forged state is rejected, and the login that the browser began still succeeds", async () => {
    const visitor = new Visitor();
    const callback = await signIn(visitor, await begin(visitor));
    for (const state of ["forged", "", null]) {
      const forged = new URL(callback);
      if (state === null) forged.searchParams.delete("state");
      else forged.searchParams.set("state", state);
      expect(JSON.parse((await visitor.visit(forged)).text)).toEqual(REJECTED);
    }
    const twice = new URL(callback);
    twice.searchParams.append("state", twice.searchParams.get("state") ?? "");
    expect(JSON.parse((await visitor.visit(twice)).text)).toEqual(REJECTED);
    expect(await me(visitor)).toBe(401);
    await visitor.visit(callback);
    expect(await me(visitor)).toMatchObject({ userId: "ann" });
  });

  it("a replayed callback is rejected, with a copy of the cookies too", async () => {
    const visitor = new Visitor();
    const callback = await signIn(visitor, await begin(visitor));
    const copy = visitor.copy();
    await visitor.visit(callback);
    for (const client of [visitor, copy]) {
      expect(JSON.parse((await client.visit(callback)).text)).toEqual(REJECTED);
    }
    expect(await me(copy)).toBe(401);
    expect(await me(visitor)).toMatchObject({ userId: "ann" });
  });

  it("the provider rejects the code with the verifier of another login", async () => {
    const [attacker, victim] = [new Visitor(), new Visitor()];
    const stolen = await signIn(victim, await begin(victim), "vic");
    const own = await signIn(attacker, await begin(attacker), "eve");
    own.searchParams.set("code", stolen.searchParams.get("code") ?? "");
    expect((await attacker.visit(own)).status).toBe(400);
    expect(await me(attacker)).toBe(401);
  });

  it.each([
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/..//evil.example/",
    "http://127.0.0.1:1/",
    "\t//evil.example/",
    "",
  ])("after the login, the app does not send the user to %j", async (returnTo) => {
    const visitor = new Visitor();
    const query = `?returnTo=${encodeURIComponent(returnTo)}`;
    const callback = await signIn(visitor, await begin(visitor, query));
    const { url, status } = await visitor.visit(callback, {}, () => false);
    expect([url.origin, status]).toEqual([site.app, 302]);
  });
});

describe("a form before the login", () => {
  it("is accepted from the browser that received it, and rejected from another one", async () => {
    const [ann, eve] = [new Visitor(), new Visitor()];
    const form = await ann.visit(`${site.app}/contact`);
    const forged = await eve.visit(`${site.app}/contact`);
    expect(JSON.parse((await ann.submit(form, { message: "Hi" })).text)).toEqual({
      info: ["Thank you for your message."],
    });
    expect((await ann.submit(forged, { message: "Hi" })).status).toBe(403);
    expect((await new Visitor().submit(form, { message: "Hi" })).status).toBe(403);
  });
});
