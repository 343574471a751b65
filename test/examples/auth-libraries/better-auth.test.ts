import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Browser, type Page } from "./browser.ts";
import { oauthSuite } from "./oauth-suite.ts";

const SECRET = "the secret of better-auth, which is long";
const PASSWORD = "correct horse";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const COOKIE = "__Host-sessionup";

/** Returns the value of the cookie that better-auth sets for a token. */
function sign(token: string): string {
  return encodeURIComponent(`${token}.${createHmac("sha256", SECRET).update(token).digest("base64")}`);
}

/** Returns the current code of an authenticator app (RFC 6238). */
function createTotp(secret: string): string {
  const bits = [...secret].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac("sha1", key).update(counter).digest();
  const number = hash.readUInt32BE((hash.at(-1) ?? 0) & 15) & 0x7f_ff_ff_ff;
  return String(number % 1_000_000).padStart(6, "0");
}

describe("examples/better-auth", () => {
  const test = oauthSuite({
    example: "better-auth",
    callback: "/api/auth/callback/local",
    leaves: [],
    rejectsLongNames: false,
    async begin(browser, origin) {
      const { text } = await call(
        browser,
        "/sign-in/social",
        { provider: "local", callbackURL: "/" },
        origin,
      );
      return browser.get((JSON.parse(text) as { url: string }).url);
    },
    userKey: async (name) => (await findUser(name)).id,
    async load() {
      process.env.BETTER_AUTH_SECRET = SECRET;
      const { app } = await import("../../../examples/better-auth/app.ts");
      const { manager } = await import("../../../examples/better-auth/sessions.ts");
      return { listener: app, manager };
    },
  });

  async function context() {
    const { auth } = await import("../../../examples/better-auth/auth.ts");
    return auth.$context;
  }

  async function findUser(name: string) {
    const found = await (await context()).internalAdapter.findUserByEmail(`${name}@example.com`);
    if (!found) throw new Error(`There is no user ${name}.`);
    return found.user;
  }

  const call = (browser: Browser, path: string, body: object = {}, origin = test.origin): Promise<Page> =>
    browser.send(`${origin}/api/auth${path}`, body);

  const signUp = (browser: Browser, name: string) =>
    call(browser, "/sign-up/email", { name, email: `${name}@example.com`, password: PASSWORD });

  const signIn = (browser: Browser, name: string, password = PASSWORD) =>
    call(browser, "/sign-in/email", { email: `${name}@example.com`, password });

  /** Returns the number of sessions of better-auth that a user has. */
  const countRows = async (name: string) => {
    const { internalAdapter } = await context();
    return (await internalAdapter.listSessions((await findUser(name)).id)).length;
  };
  const cookieNames = (browser: Browser) => [...browser.jar(test.origin).keys()];

  async function createUser(name: string): Promise<Browser> {
    const browser = new Browser();
    expect((await signUp(browser, name)).status).toBe(200);
    return browser;
  }

  it("a sign-up and a sign-in by password end in a session of sessionup only", async () => {
    const browser = await createUser("pia");
    const { id } = await findUser("pia");
    await expect(test.me(browser)).resolves.toBe(id);
    const second = new Browser();
    const page = await signIn(second, "pia");
    expect(page.status).toBe(200);
    await expect(test.me(second)).resolves.toBe(id);
    for (const each of [browser, second]) expect(cookieNames(each)).toEqual([COOKIE]);
    // No value of better-auth's cookie is in the response, not even one that a later line clears.
    expect(page.cookies.filter((line) => /session_token=[^;]/.test(line))).toEqual([]);
    await expect(countRows("pia")).resolves.toBe(0);
  });

  it("the token in the response of a sign-in does not sign in", async () => {
    await createUser("quin");
    const { token } = JSON.parse((await signIn(new Browser(), "quin")).text) as { token: string };
    const thief = new Browser();
    thief.jar(test.origin).set("better-auth.session_token", sign(token));
    expect((await thief.get(`${test.origin}/api/auth/get-session`)).text).toBe("null");
  });

  it("a session that better-auth began before signs in nowhere", async () => {
    await createUser("rosa");
    const { internalAdapter } = await context();
    const { token } = await internalAdapter.createSession((await findUser("rosa")).id);
    const browser = new Browser();
    browser.jar(test.origin).set("better-auth.session_token", sign(token));
    expect((await browser.get(`${test.origin}/api/auth/get-session`)).text).toBe("null");
    await expect(test.me(browser)).resolves.toBe(401);
    await internalAdapter.deleteSession(token);
  });

  it("a wrong password creates no session", async () => {
    await createUser("sven");
    const browser = new Browser();
    expect((await signIn(browser, "sven", "wrong horse")).status).toBe(401);
    expect(cookieNames(browser)).toEqual([]);
  });

  it("a login for which sessionup begins no session leaves no session of better-auth either", async () => {
    const { adapter, internalAdapter, password } = await context();
    const id = "x".repeat(1_100); // longer than a user key may be
    const now = new Date();
    const user = {
      id,
      name: "zoe",
      email: "zoe@example.com",
      emailVerified: true,
      createdAt: now,
      updatedAt: now,
    };
    await adapter.create({ model: "user", data: user, forceAllowId: true });
    const hash = await password.hash(PASSWORD);
    await internalAdapter.linkAccount({
      userId: id,
      accountId: id,
      providerId: "credential",
      password: hash,
    });
    const browser = new Browser();
    expect((await signIn(browser, "zoe")).status).toBe(500);
    expect(cookieNames(browser)).toEqual([]);
    await expect(countRows("zoe")).resolves.toBe(0);
  });

  it("routes of better-auth that need a session work for the session of sessionup, and end with it", async () => {
    const browser = await createUser("tom");
    const { id } = await findUser("tom");
    const ask = (each: Browser) => each.get(`${test.origin}/api/auth/get-session`);
    // The first requests at once, so that several look for a session to lend.
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(browser)));
    for (const { text } of answers) expect(JSON.parse(text)).toMatchObject({ user: { id } });
    const { session } = JSON.parse((await ask(browser)).text) as { session: { token: string } };
    expect((await call(browser, "/update-user", { name: "Thomas" })).status).toBe(200);
    expect(cookieNames(browser)).toEqual([COOKIE]);
    await expect(test.me(browser)).resolves.toBe(id);
    expect(await test.app.manager.fetchByUserKey(id)).toHaveLength(1);
    // The token in the response is of no use without the session of sessionup.
    const thief = new Browser();
    thief.jar(test.origin).set("better-auth.session_token", sign(session.token));
    expect((await ask(thief)).text).toBe("null");
    await test.app.manager.revokeByUserKey(id);
    expect((await ask(browser)).text).toBe("null");
    expect((await call(browser, "/update-user", { name: "Eve" })).status).toBe(401);
  });

  it("a lent session that has expired is replaced", async () => {
    const browser = await createUser("will");
    const ask = async () => (await browser.get(`${test.origin}/api/auth/get-session`)).text;
    const { session } = JSON.parse(await ask()) as { session: { token: string } };
    const { internalAdapter } = await context();
    await internalAdapter.updateSession(session.token, { expiresAt: new Date(Date.now() - 1_000) });
    await expect(ask()).resolves.toContain("will@example.com");
    await expect(test.me(browser)).resolves.toEqual(expect.any(String));
  });

  it("the sign-out of better-auth ends the session", async () => {
    const browser = await createUser("uma");
    const before = browser.copy();
    expect((await call(browser, "/sign-out")).status).toBe(200);
    expect(cookieNames(browser)).toEqual([]);
    await expect(test.me(before)).resolves.toBe(401);
  });

  it("a changed password ends the user's other sessions", async () => {
    const browser = await createUser("vera");
    const other = new Browser();
    await signIn(other, "vera");
    const wrong = { currentPassword: "wrong", newPassword: "a new password" };
    expect((await call(browser, "/change-password", wrong)).status).toBe(400);
    await expect(test.me(other)).resolves.toEqual(expect.any(String));
    const right = { ...wrong, currentPassword: PASSWORD };
    expect((await call(browser, "/change-password", right)).status).toBe(200);
    await expect(test.me(other)).resolves.toBe(401);
    await expect(test.me(browser)).resolves.toEqual(expect.any(String));
  });

  it("a reset of the password ends all sessions of the user", async () => {
    const browser = await createUser("viola");
    const { internalAdapter } = await context();
    const identifier = "reset-password:a-token-from-the-mail";
    const expiresAt = new Date(Date.now() + 60_000);
    await internalAdapter.createVerificationValue({
      identifier,
      value: (await findUser("viola")).id,
      expiresAt,
    });
    const body = { token: "a-token-from-the-mail", newPassword: "a new password" };
    expect((await call(new Browser(), "/reset-password", body)).status).toBe(200);
    await expect(test.me(browser)).resolves.toBe(401);
  });

  it("with a second factor, the password alone begins no session", async () => {
    const browser = await createUser("walt");
    const enabled = await call(browser, "/two-factor/enable", { password: PASSWORD });
    const { totpURI } = JSON.parse(enabled.text) as { totpURI: string };
    const code = () => ({ code: createTotp(new URL(totpURI).searchParams.get("secret") ?? "") });
    expect((await call(browser, "/two-factor/verify-totp", code())).status).toBe(200);

    const second = new Browser();
    const page = await signIn(second, "walt");
    expect(JSON.parse(page.text)).toMatchObject({ twoFactorRedirect: true });
    expect(cookieNames(second)).not.toContain(COOKIE);
    await expect(test.me(second)).resolves.toBe(401);
    expect((await call(second, "/two-factor/verify-totp", { code: "000000" })).status).toBe(401);
    await expect(test.me(second)).resolves.toBe(401);
    expect((await call(second, "/two-factor/verify-totp", code())).status).toBe(200);
    await expect(test.me(second)).resolves.toBe((await findUser("walt")).id);
    await expect(countRows("walt")).resolves.toBe(0);
    const admin = async (each: Browser) => (await each.get(`${test.origin}/admin`)).status;
    await expect(admin(second)).resolves.toBe(200);
    await expect(admin(await createUser("wendy"))).resolves.toBe(401);
  });

  it("a sign-in that waits for a second factor ends the session of the user who was signed in", async () => {
    const browser = await createUser("abel");
    const enabled = await call(browser, "/two-factor/enable", { password: PASSWORD });
    const secret =
      new URL((JSON.parse(enabled.text) as { totpURI: string }).totpURI).searchParams.get("secret") ?? "";
    await call(browser, "/two-factor/verify-totp", { code: createTotp(secret) });
    const shared = await createUser("beth");
    const beth = shared.copy();
    await signIn(shared, "abel");
    for (const each of [shared, beth]) await expect(test.me(each)).resolves.toBe(401);
    expect((await call(shared, "/two-factor/verify-totp", { code: createTotp(secret) })).status).toBe(200);
    await expect(test.me(shared)).resolves.toBe((await findUser("abel")).id);
  });

  /** Begins to link an account. Returns the provider's page. */
  async function beginLink(browser: Browser): Promise<Page> {
    const body = { provider: "local", callbackURL: "/" };
    const { url } = JSON.parse((await call(browser, "/link-social", body)).text) as { url: string };
    return browser.get(url);
  }

  /** Lets the time pass that a lent session lives. */
  async function expireLent(name: string): Promise<void> {
    const { adapter } = await context();
    const where = [{ field: "userId", value: (await findUser(name)).id }];
    await adapter.updateMany({ model: "session", where, update: { expiresAt: new Date() } });
  }

  it("an account at a provider is linked to the signed-in user, who may take their time", async () => {
    const browser = await createUser("yuri");
    const start = await beginLink(browser);
    await expireLent("yuri");
    const page = await test.logIn(browser, "yuri", start);
    expect(page.url.href).toBe(`${test.origin}/`);
    const { id } = await findUser("yuri");
    await expect(test.me(browser)).resolves.toBe(id);
    const second = new Browser();
    await test.logIn(second, "yuri");
    await expect(test.me(second)).resolves.toBe(id);
  });

  it("an account is not linked after the session was revoked", async () => {
    const browser = await createUser("zack");
    const start = await beginLink(browser);
    await test.app.manager.revokeByUserKey((await findUser("zack")).id);
    await expireLent("zack");
    const page = await test.logIn(browser, "zack", start);
    expect(page.url.search).toBe("?error=unable_to_link_account");
    await expect(test.me(browser)).resolves.toBe(401);
  });
});
