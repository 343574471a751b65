import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPaths, run } from "../../frameworks/build.ts";
import { placeSessionup } from "../../frameworks/copy.ts";
import { ROOT } from "../../support/entries.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { type Example, startExample } from "../../support/walk.ts";
import { Browser, type Page } from "./browser.ts";
import { completeLogin, startProvider } from "./oauth-suite.ts";

const FOLDER = `${ROOT}examples/authjs-next/`;
const NEXT = `${FOLDER}node_modules/next/dist/bin/next`;
const COOKIE = "__Host-sessionup";
const LEAVES = ["authjs.callback-url", "authjs.csrf-token"];
const ENV = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };

/** Builds the example with sessionup as a package. */
async function build(): Promise<void> {
  await installPackages(FOLDER, "Next.js and next-auth (380 MB)");
  const sources = ["app", "lib", "auth.ts", "package-lock.json"].map((name) => FOLDER + name);
  await once(`${FOLDER}.next/.built`, hashPaths([...sources, `${ROOT}src`]), async () => {
    // A copy, because Turbopack does not follow a link out of its root.
    await placeSessionup(`${FOLDER}node_modules`);
    await run(process.execPath, [NEXT, "build"], FOLDER, ENV);
  });
}

describe("examples/authjs-next", () => {
  let provider: Example;
  let example: Example;
  let origin: string;
  beforeAll(async () => {
    await build();
    provider = await startProvider();
    const env = {
      ...ENV,
      ISSUER: provider.origin,
      AUTH_SECRET: randomBytes(32).toString("hex"),
      AUTH_TRUST_HOST: "true",
    };
    example = await startExample("authjs-next", {
      file: process.execPath,
      args: [NEXT, "start"],
      cwd: FOLDER,
      env,
    });
    origin = example.origin;
  }, 900_000);
  afterAll(async () => {
    await example?.stop();
    await provider?.stop();
  });

  const begin = async (browser: Browser): Promise<Page> =>
    browser.submit(await browser.get(`${origin}/api/auth/signin`), {}, "/signin/local");
  const logIn = async (browser: Browser, name: string): Promise<Page> =>
    completeLogin(browser, await begin(browser), name);
  /** Returns the greeting of the page. */
  const greet = async (browser: Browser) =>
    /Hello, ([\w:]+)/.exec((await browser.get(`${origin}/`)).text)?.[1];
  /** Returns the names of the cookies that have a value. Next.js removes the `Max-Age=0` of those that Auth.js clears. */
  const cookieNames = (browser: Browser) => {
    const jar = [...browser.jar(origin)];
    return jar.flatMap(([name, value]) => (value ? [name] : [])).sort();
  };

  it("a login ends in a session of sessionup, and in no session cookie of Auth.js", async () => {
    const browser = new Browser();
    const page = await logIn(browser, "ann");
    expect([page.status, page.url.href]).toEqual([200, `${origin}/`]);
    expect(page.text).toContain("Hello, local:ann");
    expect(cookieNames(browser)).toEqual([COOKIE, ...LEAVES]);
    expect((await browser.get(`${origin}/api/auth/session`)).text).toBe("null");
  });

  it("a second login replaces the first session", async () => {
    const browser = new Browser();
    await logIn(browser, "bob");
    const first = browser.copy();
    browser.jar(provider.origin).clear();
    await logIn(browser, "bob");
    await expect(greet(browser)).resolves.toBe("local:bob");
    await expect(greet(first)).resolves.toBe("stranger");
  });

  it("another browser of the user ends the access at once", async () => {
    const [phone, desk] = [new Browser(), new Browser()];
    for (const browser of [phone, desk]) await logIn(browser, "carol");
    const { text } = await desk.get(`${origin}/account/sessions`);
    const { sessions } = JSON.parse(text) as { sessions: { id: string; current: boolean }[] };
    const other = sessions.find(({ current }) => !current);
    const url = `${origin}/account/sessions/${other?.id}`;
    await desk.navigate(new Request(url, { method: "DELETE", headers: { origin } }));
    await expect(greet(phone)).resolves.toBe("stranger");
    await expect(greet(desk)).resolves.toBe("local:carol");
  });

  it("the sign-out ends the session, and no remaining cookie signs in", async () => {
    const browser = new Browser();
    await logIn(browser, "dora");
    const before = browser.copy();
    await browser.post(`${origin}/api/auth/signout`);
    expect(cookieNames(browser)).toEqual(LEAVES);
    for (const each of [browser, before]) await expect(greet(each)).resolves.toBe("stranger");
  });

  it("a forged callback creates no session", async () => {
    const browser = new Browser();
    const callback = `${origin}/api/auth/callback/local?code=forged&iss=${encodeURIComponent(provider.origin)}`;
    for (const prepare of [async () => undefined, () => begin(browser)]) {
      await prepare();
      const { url } = await browser.get(callback);
      expect(url.pathname).toBe("/api/auth/error");
      expect(cookieNames(browser)).not.toContain(COOKIE);
    }
  });

  it("a login for which sessionup begins no session leaves the user signed out", async () => {
    const browser = new Browser();
    const { url } = await logIn(browser, "x".repeat(1_100)); // longer than a user key may be
    expect(url.pathname).toBe("/api/auth/error");
    expect(cookieNames(browser)).not.toContain(COOKIE);
  });
});
