import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { alertOn, Device, footerOn, idsOn, noticeOn, outcome, setCookie } from "./_curl.ts";
import { type Site, startSite } from "./site.ts";

vi.mock("node:crypto", async (original) => (await import("./quick-passwords.ts")).quickPasswords(original));

const password = "correct horse";

describe("the demo with curl and a cookie jar", () => {
  let site: Site;
  const devices: Device[] = [];
  let count = 0;

  beforeAll(async () => {
    site = await startSite();
  });
  afterAll(() => site.close());
  afterEach(async () => {
    for (const each of devices.splice(0)) await each.discard();
  });

  async function device(): Promise<Device> {
    const made = await Device.of(site.url);
    devices.push(made);
    return made;
  }

  /** Registers a new user and signs in on two devices. */
  async function userOnTwo(): Promise<{ name: string; first: Device; second: Device }> {
    const name = `user${++count}`;
    const [first, second] = [await device(), await device()];
    expect(outcome(await first.post("/register", { name, password }))).toBe("303 /private");
    expect(outcome(await second.post("/login", { name, password }))).toBe("303 /private");
    return { name, first, second };
  }

  it("the demo lists both devices and signs one out from the other", async () => {
    const { name, first, second } = await userOnTwo();
    const list = await first.get("/private");
    const [own, other = ""] = idsOn(list);
    expect(idsOn(list)).toHaveLength(2);
    expect(list.body.match(/This device/g)).toHaveLength(1);
    expect((await second.get("/")).body).toContain(`Hello, ${name}`);

    expect(outcome(await first.post("/revoke", { id: other }))).toBe("303 /private");
    expect(noticeOn(await first.get("/private"))).toBe("curl is signed out.");
    expect(outcome(await second.get("/private"))).toBe("303 /login");
    expect(noticeOn(await second.get("/login"))).toMatch(/^You were signed out from another device\. /);
    expect(noticeOn(await second.get("/login"))).toBeUndefined();
    expect((await second.get("/")).body).not.toContain("Hello");
    expect(idsOn(await first.get("/private"))).toEqual([own]);
  });

  it("the demo signs out the current device and clears the cookie", async () => {
    const { first, second } = await userOnTwo();
    expect(await first.cookieNames()).toEqual(["__Host-sessionup", "__Host-sessionup-device"]);
    expect(outcome(await first.post("/logout"))).toBe("303 /");
    expect(noticeOn(await first.get("/"))).toBe("You are signed out.");
    expect(await first.cookieNames()).toEqual(["__Host-sessionup-device"]);
    expect(outcome(await first.get("/private"))).toBe("303 /login");
    expect(noticeOn(await first.get("/login"))).toBeUndefined();
    expect(outcome(await first.post("/logout"))).toBe("303 /");
    expect(idsOn(await second.get("/private"))).toHaveLength(1);
  });

  it("the demo signs out the current device with the button on its card", async () => {
    const { first, second } = await userOnTwo();
    const [own = ""] = idsOn(await first.get("/private"));
    expect(outcome(await first.post("/revoke", { id: own }))).toBe("303 /");
    expect(noticeOn(await first.get("/"))).toBe("You are signed out.");
    expect(await first.cookieNames()).toEqual(["__Host-sessionup-device"]);
    expect(outcome(await second.get("/private"))).toBe("200");
  });

  it("the demo signs out all other devices", async () => {
    const { first, second } = await userOnTwo();
    expect((await first.get("/revokeother")).body).toContain("<h1>Sign out all other devices?</h1>");
    expect(outcome(await second.get("/private"))).toBe("200");
    expect(outcome(await first.post("/revokeother"))).toBe("303 /private");
    expect(outcome(await second.get("/private"))).toBe("303 /login");
    const left = await first.get("/private");
    expect([idsOn(left).length, noticeOn(left)]).toEqual([1, "1 other device is signed out."]);
    expect(left.body).not.toContain("/revokeother");
    expect(outcome(await first.get("/revokeother"))).toBe("303 /private");
  });

  it("the demo signs out everywhere", async () => {
    const { first, second } = await userOnTwo();
    expect((await first.get("/revokeall")).body).toContain("<h1>Sign out everywhere?</h1>");
    expect(outcome(await second.get("/private"))).toBe("200");
    expect(outcome(await first.post("/revokeall"))).toBe("303 /login");
    expect(noticeOn(await first.get("/login"))).toBe("You are now signed out everywhere.");
    for (const each of [first, second]) expect(outcome(await each.get("/private"))).toBe("303 /login");
  });

  it("a password change ends the other sessions, rotates the current one and invalidates the old password", async () => {
    const { name, first, second } = await userOnTwo();
    const before = await first.cookie("__Host-sessionup");
    const changed = await first.post("/password", { password, next: "battery staple" });
    expect(outcome(changed)).toBe("303 /private");
    expect(await first.cookie("__Host-sessionup")).not.toEqual(before);
    expect(outcome(await first.get("/private"))).toBe("200");
    expect(outcome(await second.get("/private"))).toBe("303 /login");
    expect(outcome(await second.post("/login", { name, password }))).toBe("401");
    expect(outcome(await second.post("/login", { name, password: "battery staple" }))).toBe("303 /private");
  });

  it("a rejected password change keeps the password and the other sessions", async () => {
    const { name, first, second } = await userOnTwo();
    const wrong = await first.post("/password", { password: "wrong horse", next: "battery staple" });
    expect([wrong.status, alertOn(wrong)]).toEqual([401, "That is not your current password."]);
    const short = await first.post("/password", { password, next: "staple" });
    expect([short.status, alertOn(short)]).toEqual([400, "Choose a password of at least 8 characters."]);
    expect(outcome(await second.get("/private"))).toBe("200");
    expect(outcome(await second.post("/login", { name, password }))).toBe("303 /private");
  });

  it("signing in again ends the browser's earlier session", async () => {
    const { name, first } = await userOnTwo();
    await first.post("/login", { name, password });
    expect(idsOn(await first.get("/private"))).toHaveLength(2);
  });

  it("the login and register pages redirect a signed-in user to the devices", async () => {
    const { first } = await userOnTwo();
    for (const path of ["/login", "/register"]) expect(outcome(await first.get(path))).toBe("303 /private");
  });

  it('the cookie is persistent for 30 days only with "remember me"', async () => {
    const { name, first } = await userOnTwo();
    const expiry = async () => Number((await first.cookie("__Host-sessionup"))?.split("\t")[4]);
    expect(await expiry()).toBe(0);
    await first.post("/login", { name, password, remember: "1" });
    expect((await expiry()) - Date.now() / 1_000).toBeCloseTo(30 * 86_400, -2);
  });

  it("the name of a device is kept, can be removed, and has at most 40 characters", async () => {
    const { first, second } = await userOnTwo();
    expect(outcome(await first.post("/name", { name: " Desk " }))).toBe("303 /private");
    expect(noticeOn(await first.get("/private"))).toBe("This device is now called Desk.");
    expect((await second.get("/private")).body).toContain("<h2>Desk</h2>");
    const long = await first.post("/name", { name: "a".repeat(41) });
    expect([long.status, alertOn(long)]).toEqual([400, "Names of devices can have at most 40 characters."]);
    await first.post("/name", { name: "" });
    expect(noticeOn(await first.get("/private"))).toBe("This device has no name now.");
    expect((await second.get("/private")).body).not.toContain("Desk");
  });

  it("the activity page shows only the user's own events", async () => {
    const [mine, theirs] = [await userOnTwo(), await userOnTwo()];
    await theirs.first.post("/revokeother");
    const count = async (one: Device) => (await one.get("/activity")).body.match(/<time /g)?.length;
    expect([await count(mine.first), await count(theirs.first)]).toEqual([2, 3]);
  });

  describe("the forms of the demo", () => {
    const long = "a".repeat(257);
    it.each([
      ["/register", { name: "  ", password }, 400, "Enter your name."],
      ["/register", { password }, 400, "Enter your name."],
      ["/register", { name: "a".repeat(65), password }, 400, "Names can have at most 64 characters."],
      ["/register", { name: "new", password: "seven77" }, 400, "Choose a password of at least 8 characters."],
      ["/register", { name: "new", password: long }, 400, "Passwords can have at most 256 characters."],
      ["/login", { name: "", password }, 400, "Enter your name."],
      ["/login", { name: "missing", password: "" }, 400, "Enter your password."],
      ["/login", { name: "missing", password: long }, 400, "Passwords can have at most 256 characters."],
      ["/login", { name: "missing", password }, 401, "Wrong name or password."],
    ])("%s rejects %o", async (path, fields, status, message) => {
      const stranger = await device();
      const answer = await stranger.post(path, fields as Record<string, string>);
      expect([answer.status, alertOn(answer)]).toEqual([status, message]);
      expect(answer.body).toContain(`action="${path}"`);
      expect(answer.headers.has("set-cookie")).toBe(false);
    });

    it("a rejected login keeps the name and never the password", async () => {
      const { name, first } = await userOnTwo();
      const answer = await first.post("/login", { name, password: "wrong horse" });
      expect(alertOn(answer)).toBe("Wrong name or password.");
      expect(answer.body).toContain(`value="${name}"`);
      expect(answer.body).not.toContain("wrong horse");
    });

    it("a name can be registered once, regardless of case and spaces", async () => {
      const { name } = await userOnTwo();
      const answer = await (await device()).post("/register", { name: ` ${name.toUpperCase()}`, password });
      expect([answer.status, alertOn(answer)]).toEqual([409, "That name is taken. Choose another name."]);
    });

    it("a name can be registered once when two requests arrive at the same time", async () => {
      const [one, other] = [await device(), await device()];
      const fields = { name: "twins", password };
      const answers = await Promise.all([one.post("/register", fields), other.post("/register", fields)]);
      expect(answers.map(({ status }) => status).sort()).toEqual([303, 409]);
    });

    it("a repeated field or a body of another type counts as empty", async () => {
      const stranger = await device();
      const twice = ["--data", "name=a&name=b", "--data", "password=correct horse"];
      const json = ["--header", "Content-Type: application/json", "--data", '{"name":"a","password":"b"}'];
      for (const args of [twice, json]) {
        const answer = await stranger.get("/login", ...args);
        expect([answer.status, alertOn(answer)]).toEqual([400, "Enter your name."]);
      }
    });

    it("a body over the limit is rejected with 413", async () => {
      const answer = await (await device()).post("/login", { name: "a".repeat(5_000), password });
      expect(answer.status).toBe(413);
      expect(answer.body).toContain("<h1>The request could not be processed</h1>");
    });
  });

  describe("POST /revoke", () => {
    const notYours = ["303 /private", "That device is not signed in to your account."];

    it("POST /revoke ends no session for an unknown id", async () => {
      const { first, second } = await userOnTwo();
      for (const id of ["", "x", "0".repeat(22), "../../etc/passwd", "é".repeat(200)]) {
        expect([outcome(await first.post("/revoke", { id })), noticeOn(await first.get("/private"))]).toEqual(
          notYours,
        );
      }
      for (const each of [first, second]) expect(outcome(await each.get("/private"))).toBe("200");
    });

    it("POST /revoke answers another user's session id like an unknown one and keeps that session", async () => {
      const [mine, theirs] = [await userOnTwo(), await userOnTwo()];
      const [id = ""] = idsOn(await theirs.first.get("/private"));
      const other = await mine.first.post("/revoke", { id });
      expect([outcome(other), noticeOn(await mine.first.get("/private"))]).toEqual(notYours);
      const unknown = await mine.first.post("/revoke", { id: "0".repeat(22) });
      expect([other.body, [...other.headers.keys()]]).toEqual([unknown.body, [...unknown.headers.keys()]]);
      expect(idsOn(await theirs.first.get("/private"))).toContain(id);
    });
  });

  describe("the notices of the demo", () => {
    const done = "curl is signed out.";

    it("a notice is shown once, on the page after the form", async () => {
      const { first } = await userOnTwo();
      const [, other = ""] = idsOn(await first.get("/private"));
      expect(outcome(await first.post("/revoke", { id: other }))).toBe("303 /private");
      expect(noticeOn(await first.get("/private"))).toBe(done);
      expect(noticeOn(await first.get("/private"))).toBeUndefined();
      expect(await first.cookieNames()).toEqual(["__Host-sessionup", "__Host-sessionup-device"]);
    });

    it("a link cannot create a notice", async () => {
      const { first } = await userOnTwo();
      for (const name of ["one", "gone", "others", "all", "password"]) {
        expect(noticeOn(await first.get(`/private?done=${name}&notice=${name}`))).toBeUndefined();
        expect(noticeOn(await (await device()).get(`/login?done=${name}&notice=${name}`))).toBeUndefined();
      }
    });

    it("a cookie that the demo did not sign cannot create a notice", async () => {
      const stranger = await device();
      const until = Date.now() + 60_000;
      const text = Buffer.from("You have won.").toString("base64url");
      for (const value of [
        text,
        `${text}.${until}`,
        `${text}.${until}.`,
        `${text}.${until}.${"A".repeat(43)}`,
        "é",
      ]) {
        const answer = await stranger.get("/login", "--header", `Cookie: __Host-notice-login=${value}`);
        expect([answer.status, noticeOn(answer)]).toEqual([200, undefined]);
        expect(answer.headers.get("set-cookie")).toMatch(/^__Host-notice-login=; .*Expires=Thu, 01 Jan 1970/);
      }
    });

    it("a notice is shown only in the session that it belongs to", async () => {
      const [mine, theirs] = [await userOnTwo(), await userOnTwo()];
      const { headers } = await theirs.first.post("/revokeother");
      const [cookie = ""] = headers.get("set-cookie")?.split(";") ?? [];
      expect(cookie).toMatch(/^__Host-notice-account=/);
      const session = (await mine.first.cookie("__Host-sessionup"))?.split("\t").slice(5).join("=");
      const both = await mine.first.get("/private", "--header", `Cookie: ${session}; ${cookie}`);
      expect([both.status, noticeOn(both)]).toEqual([200, undefined]);
      const forLogin = cookie.replace("-account=", "-login=");
      expect(
        noticeOn(await (await device()).get("/login", "--header", `Cookie: ${forLogin}`)),
      ).toBeUndefined();
    });

    it("a notice's cookie is HttpOnly, SameSite=Strict and lasts a minute", async () => {
      const { first } = await userOnTwo();
      const { headers } = await first.post("/revokeother");
      const [, ...attributes] = headers.get("set-cookie")?.split("; ") ?? [];
      expect(attributes.filter((each) => !each.startsWith("Expires=")).sort()).toEqual([
        "HttpOnly",
        "Max-Age=60",
        "Path=/",
        "SameSite=Strict",
        "Secure",
      ]);
    });
  });

  describe("a cross-origin form", () => {
    const foreign = [
      "--header",
      "Origin: https://elsewhere.example",
      "--header",
      "Sec-Fetch-Site: same-site",
    ];

    it.each([
      "/logout",
      "/name",
      "/revoke",
      "/revokeother",
      "/revokeall",
      "/confirm",
      "/password",
      "/login",
      "/register",
      "/account/logout",
    ])("a cross-origin form is rejected with 403 at %s, and the session stays", async (path) => {
      const { first, second } = await userOnTwo();
      const answer = await first.get(path, ...foreign, "--data", `name=foreign&password=${password}`);
      expect(answer.status).toBe(403);
      expect(answer.cookies).toEqual([]);
      if (!path.startsWith("/account")) expect(answer.body).toContain("<h1>Request blocked</h1>");
      expect(answer.body).not.toContain("Your session has ended");
      for (const each of [first, second]) expect(outcome(await each.get("/private"))).toBe("200");
    });

    it("a cross-origin form creates no account", async () => {
      const stranger = await device();
      const fields = ["--data", `name=planted&password=${password}`];
      expect((await stranger.get("/register", ...foreign, ...fields)).status).toBe(403);
      expect(outcome(await stranger.post("/login", { name: "planted", password }))).toBe("401");
    });
  });

  describe("an error page of the demo", () => {
    const big = "a".repeat(5_000);

    it("an error page keeps the account links of a signed-in user", async () => {
      const { name, first } = await userOnTwo();
      for (const answer of [await first.get("/nowhere"), await first.post("/password", { next: big })]) {
        expect(answer.status).toBeGreaterThanOrEqual(404);
        expect(answer.body).toContain(`<bdi>${name}</bdi>`);
        expect(answer.body).toContain('action="/logout"');
      }
    });

    it("an error page offers a visitor to sign in", async () => {
      const stranger = await device();
      for (const answer of [await stranger.get("/nowhere"), await stranger.post("/login", { name: big })]) {
        expect(answer.body).toContain('aria-label="Account"><a href="/login">');
        expect(answer.headers.has("set-cookie")).toBe(false);
      }
    });
  });

  it("the footer says that accounts and sessions are in memory", async () => {
    expect(footerOn(await (await device()).get("/"))).toBe(
      "This is a demo. It keeps accounts and sessions in memory and loses them when it stops.",
    );
  });

  it.each(["/name", "/revoke", "/revokeother", "/revokeall", "/confirm", "/password"])(
    "POST %s without a session answers 401 with the login form",
    async (path) => {
      const answer = await (await device()).post(path);
      expect(answer.status).toBe(401);
      expect(answer.body).toContain("Your session has ended. Sign in again.");
      expect(answer.body).toContain('action="/login"');
    },
  );

  it("GET requests to the form actions change nothing", async () => {
    const { first, second } = await userOnTwo();
    for (const path of ["/logout", "/revoke", "/name"]) {
      const answer = await first.get(path);
      expect(answer.status).toBe(404);
      expect(answer.body).toContain("<h1>Page not found</h1>");
    }
    for (const path of ["/revokeother", "/revokeall", "/confirm", "/password"])
      expect(outcome(await first.get(path))).toBe("200");
    for (const each of [first, second]) expect(outcome(await each.get("/private"))).toBe("200");
  });

  it.each([
    "__Host-sessionup=",
    "__Host-sessionup=nonsense",
    `__Host-sessionup=${"a".repeat(22)}.${"b".repeat(65)}`,
    `__Host-sessionup=${"a".repeat(5_000)}`,
    "__Host-sessionup=%00%0d%0aSet-Cookie:%20a=b; __Host-sessionup=é",
    "; ;=; ,__Host-sessionup",
  ])("the cookie header %o is treated as no session", async (cookie) => {
    const stranger = await device();
    const args = ["--header", `Cookie: ${cookie}`];
    expect(outcome(await stranger.get("/private", ...args))).toBe("303 /login");
    expect(outcome(await stranger.get("/", ...args))).toBe("200");
  });

  it("the cookie has the strictest attributes, and pages are not cached", async () => {
    const answer = await (await device()).post("/register", { name: "cookie", password });
    const [value, ...attributes] = setCookie(answer, "__Host-sessionup")?.split("; ") ?? [];
    expect(value).toMatch(/^__Host-sessionup=[0-9A-Za-z]+\.[0-9A-Za-z]+$/);
    expect(attributes.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  it.each(["/", "/login", "/register", "/nowhere", "/style.css", "/icon.svg", "/session.js", "/client.js"])(
    "%s has the security headers and sets no cookie",
    async (path) => {
      const { headers } = await (await device()).get(path);
      expect(headers.get("content-security-policy")).toBe(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.has("x-powered-by")).toBe(false);
      expect(headers.has("set-cookie")).toBe(false);
    },
  );
});
