import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunningNext, shown } from "./_app.ts";
import { outcome, Site, who } from "./_site.ts";

const NAME = "__Host-sessionup";

let next: RunningNext;
beforeAll(async () => {
  next = await RunningNext.start();
}, 180_000);
afterAll(() => next?.close());

describe("a Server Component of Next.js", () => {
  it("layout, page and children read the session, and the store once together", async () => {
    const site = new Site(next);
    const client = await site.loggedIn();
    site.store.calls = 0;
    const { text } = await client.get("/pages/home");
    expect([shown(text, "layout"), shown(text, "page"), shown(text, "child")]).toEqual([
      ["ann"],
      ["ann"],
      ["ann", "ann"],
    ]);
    expect(site.store.calls).toBe(1);
  });

  it("a request without a cookie does not read the store and sets no cookie", async () => {
    const site = new Site(next);
    const answer = await site.client().get("/pages/home");
    expect([shown(answer.text, "page"), answer.cookies, site.store.calls]).toEqual([["guest"], [], 0]);
  });

  it("concurrent requests keep their sessions apart", async () => {
    const site = new Site(next);
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const clients = await Promise.all(users.map((user) => site.loggedIn(user)));
    const answers = await Promise.all(clients.map((client) => client.get("/pages/home")));
    expect(answers.map(({ text }) => shown(text, "page")[0])).toEqual(users);
  });

  it("every cookie with the session's name is looked up", async () => {
    const site = new Site(next);
    const [ann, bob] = [await site.loggedIn("ann"), await site.loggedIn("bob")];
    const cookie = `${ann.cookieHeader()}; ${bob.cookieHeader()}`;
    expect(shown((await site.client().get("/pages/home", { cookie })).text, "page")).toEqual(["guest"]);
    const twice = `${NAME}=junk; ${ann.cookieHeader()}`;
    expect(shown((await site.client().get("/pages/home", { cookie: twice })).text, "page")).toEqual(["ann"]);
  });

  it("reading the session in a page counts as activity", async () => {
    const site = new Site(next);
    const client = await site.loggedIn();
    for (let turn = 0; turn < 3; turn++) {
      site.clock.advance("20m");
      expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["ann"]);
    }
    const [session] = await site.manager.fetchByUserKey("ann");
    expect(session?.lastSeenAt.getTime()).toBe(site.clock.now());
  });

  it("a page finds no session once it has expired, and a Route Handler clears the cookie", async () => {
    const site = new Site(next);
    const client = await site.loggedIn();
    site.clock.advance("31m");
    const page = await client.get("/pages/home");
    expect([page.status, shown(page.text, "page"), page.cookies]).toEqual([200, ["guest"], []]);
    const answer = await client.get("/anything");
    expect([answer.text, answer.cookies.length, client.jar.size]).toEqual(["guest", 1, 0]);
  });

  it("a page accepts a rotated session's old secret for 30 seconds", async () => {
    const site = new Site(next, (sessions) => ({
      handle: async (request) => {
        if (request.url.endsWith("/rotate")) await sessions.rotate();
        else await sessions.init("ann");
        return new Response();
      },
    }));
    const client = await site.loggedIn();
    const old = client.cookieHeader();
    await client.post("/rotate");
    const page = async () => shown((await site.client().get("/pages/home", { cookie: old })).text, "page");
    expect(await page()).toEqual(["ann"]);
    site.clock.advance("31s");
    expect(await page()).toEqual(["guest"]);
  });

  it.each(["init", "revoke", "revokeAll", "rotate", "reauthenticate", "revokeOwn"] as const)(
    "%s in a page throws an error that names where to call it, before anything is written",
    async (method) => {
      const site = new Site(next, (sessions) => ({
        async show(where) {
          if (where !== "write") return "";
          if (method === "init") return outcome(sessions.init("ann"));
          if (method === "revokeOwn") return outcome(sessions.revokeOwn((await sessions.require()).id));
          return outcome(sessions[method]());
        },
      }));
      const client = await site.loggedIn();
      const before = await site.manager.fetchByUserKey("ann");
      const page = await client.get("/pages/write");
      expect(shown(page.text, "page")[0]).toMatch(
        /^ERR_HEADERS_SENT: .*in a Server Action or a Route Handler\.$/,
      );
      expect(page.cookies).toEqual([]);
      expect(await site.manager.fetchByUserKey("ann")).toEqual(before);
      expect((await client.get("/anything")).text).toBe("ann");
    },
  );

  it("methods that set no cookie work in a page, also a logout without a session", async () => {
    const site = new Site(next, (sessions) => ({
      async show(where) {
        if (where === "others") return String((await sessions.revokeOther()).length);
        return where === "logout" ? outcome(sessions.revoke()) : "";
      },
    }));
    const [client, other] = [await site.loggedIn(), await site.loggedIn()];
    expect(shown((await client.get("/pages/others")).text, "page")).toEqual(["1"]);
    expect((await other.get("/anything")).text).toBe("guest");
    expect(shown((await site.client().get("/pages/logout")).text, "page")).toEqual(["done"]);
  });

  it("require(), redirect() and unauthorized() reject as Next.js does", async () => {
    const site = new Site(next, (sessions, { redirect, unauthorized }) => ({
      async show(where) {
        if (where === "require") return (await sessions.require()).userKey;
        if (where === "layout" || where === "child" || (await sessions.get())) return where;
        return where === "redirect" ? redirect("/login") : unauthorized();
      },
    }));
    const client = await site.loggedIn();
    const expected = { require: 500, redirect: 307, unauthorized: 401 };
    for (const [where, status] of Object.entries(expected)) {
      const answer = await site.client().get(`/pages/${where}`);
      expect([where, answer.status, shown(answer.text, "page")]).toEqual([where, status, []]);
      expect((await client.get(`/pages/${where}`)).status).toBe(200);
    }
  });

  it("a store outage throws ERR_STORE and logs out no user", async () => {
    const site = new Site(next, (sessions) => ({ show: () => outcome(sessions.get()) }));
    const client = await site.loggedIn();
    site.store.down = true;
    const page = await client.get("/pages/home");
    expect([shown(page.text, "page")[0], page.cookies]).toEqual([expect.stringMatching(/^ERR_STORE/), []]);
    site.store.down = false;
    expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["done"]);
  });

  it('Next.js does not allow reading the session under "use cache"', async () => {
    let rejection: unknown;
    const site = new Site(next, (sessions) => ({
      show: () =>
        who(sessions).catch((error) => {
          rejection = error;
          throw error;
        }),
    }));
    const client = await site.loggedIn();
    expect((await client.get("/cached")).text).not.toContain("ann");
    expect(String(rejection)).toMatch(/headers.*"use cache"/s);
  });

  it("a page that reads the session is not cached", async () => {
    const client = await new Site(next).loggedIn();
    expect((await client.get("/pages/home")).headers.get("cache-control")).toContain("no-store");
  });
});
