import { Manager, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { expressSession } from "sessionup/express-session";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { countHits, EXPRESS, serve, startSite, VISITOR } from "./_site.ts";

describe("the options of expressSession", () => {
  const meta = typed<{ a?: number } | undefined>();
  const sessions = expressSessions(new Manager(memoryStore(), { meta }));

  it.each([
    ["secret", "keyboard"],
    ["store", {}],
    ["resave", false],
    ["saveUninitialized", false],
    ["rolling", true],
    ["unset", "destroy"],
    ["genid", () => "id"],
    ["proxy", true],
    ["key", "sid"],
    ["cookie", { maxAge: 1 }],
  ])("%s of express-session is rejected with the reason", (name, value) => {
    expect(() => expressSession(sessions, { [name]: value } as never)).toThrow(
      new RegExp(`^"${name}" of express-session is not an option of expressSession\\. [A-Z]`),
    );
  });

  it.each([
    [{ name: "a b" }, /^expressSession\.name must be/],
    [{ name: "sessionup" }, /^expressSession\.name must differ/],
    [{ expiresIn: "soon" }, /^expressSession\.expiresIn must be/],
    [{ sameSite: "auto" }, /^expressSession\.sameSite must be/],
    [{ unknown: 1 }, /^"unknown" is not an option of expressSession/],
  ])("%j is rejected", (options, message) => {
    expect(() => expressSession(sessions, options as never)).toThrow(message);
    expect(() => expressSession(sessions, options as never)).toThrow(TypeError);
  });

  it("a manager without metadata is rejected", () => {
    expect(() => expressSession(expressSessions(new Manager(memoryStore())))).toThrow(
      /^expressSession requires the manager's option meta/,
    );
  });

  it("the cookie of visitors inherits the manager's attributes, and relaxes only strict", async () => {
    const options = { cookie: { sameSite: "none", partitioned: true, domain: "example.com" } } as const;
    await using site = await startSite(countHits, { manager: options, session: { name: "guest" } });
    const { cookies } = await site.open().get();
    expect(cookies.get("__Secure-guest")).toMatchObject({ ...options.cookie, secure: true });
  });

  it("options of the manager that concern logins do not apply to visitors", async () => {
    const manager = {
      expiresIn: "30d",
      nist: "aal2",
      tombstones: "1d",
      clearSiteData: ["cookies"],
      maxSessions: { max: 1, onExceed: "reject" },
    } as const;
    await using site = await startSite(
      (req, res) =>
        req.path === "/end"
          ? req.session.destroy((error) => res.json({ error }))
          : countHits(req, res, () => {}),
      { manager: { ...manager, expiresIn: "12h" }, session: { expiresIn: "7d" } },
    );
    const browser = site.open();
    expect((await browser.get()).cookies.get(VISITOR)?.maxAge).toBe(7 * 86_400);
    const ended = await browser.post("/end");
    expect(ended.headers.get("clear-site-data")).toBeNull();
  });

  it("sessions of node:http are rejected at the first request, which names the context", async () => {
    const app = EXPRESS.get("Express 5")?.();
    if (!app) throw new Error("no Express");
    app.set("env", "development");
    app.use(expressSession(nodeSessions(new Manager(memoryStore(), { meta })) as never));
    await using server = await serve(app);
    expect(await (await fetch(server.origin)).text()).toContain("Pass `res`");
  });
});
