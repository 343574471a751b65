import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunningNext, shown } from "./_app.ts";
import { outcome, Site, who } from "./_site.ts";

const NAME = "__Host-sessionup";

let next: RunningNext;
beforeAll(async () => {
  next = await RunningNext.start();
}, 180_000);
afterAll(() => next?.close());

describe("a Server Component", () => {
  it("reads the session, and the store once for layout, page and children", async () => {
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

  it("asks no store and sets no cookie for a stranger", async () => {
    const site = new Site(next);
    const answer = await site.client().get("/pages/home");
    expect([shown(answer.text, "page"), answer.cookies, site.store.calls]).toEqual([["nobody"], [], 0]);
  });

  it("keeps concurrent requests apart", async () => {
    const site = new Site(next);
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const clients = await Promise.all(users.map((user) => site.loggedIn(user)));
    const answers = await Promise.all(clients.map((client) => client.get("/pages/home")));
    expect(answers.map(({ text }) => shown(text, "page")[0])).toEqual(users);
  });

  it("looks at every cookie of our name", async () => {
    const site = new Site(next);
    const [ann, bob] = [await site.loggedIn("ann"), await site.loggedIn("bob")];
    const cookie = `${ann.cookieHeader()}; ${bob.cookieHeader()}`;
    expect(shown((await site.client().get("/pages/home", { cookie })).text, "page")).toEqual(["nobody"]);
    const twice = `${NAME}=junk; ${ann.cookieHeader()}`;
    expect(shown((await site.client().get("/pages/home", { cookie: twice })).text, "page")).toEqual(["ann"]);
  });

  it("counts as activity, which the store keeps", async () => {
    const site = new Site(next);
    const client = await site.loggedIn();
    for (let turn = 0; turn < 3; turn++) {
      site.clock.advance("20m");
      expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["ann"]);
    }
    const [session] = await site.manager.fetchByUserKey("ann");
    expect(session?.lastSeenAt.getTime()).toBe(site.clock.now());
  });

  it("reads on where a session is over, and leaves its cookie to whoever can clear it", async () => {
    const site = new Site(next);
    const client = await site.loggedIn();
    site.clock.advance("31m");
    const page = await client.get("/pages/home");
    expect([page.status, shown(page.text, "page"), page.cookies]).toEqual([200, ["nobody"], []]);
    const answer = await client.get("/anything");
    expect([answer.text, answer.cookies.length, client.jar.size]).toEqual(["nobody", 1, 0]);
  });

  it("reads on where the old secret of a rotated session comes back", async () => {
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
    expect(await page()).toEqual(["nobody"]);
  });

  it.each(["init", "revoke", "revokeAll", "rotate", "reauthenticate", "revokeOwn"] as const)(
    "is told where to call %s, before anything is written",
    async (verb) => {
      const site = new Site(next, (sessions) => ({
        async show(where) {
          if (where !== "write") return "";
          if (verb === "init") return outcome(sessions.init("ann"));
          if (verb === "revokeOwn") return outcome(sessions.revokeOwn((await sessions.require()).id));
          return outcome(sessions[verb]());
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

  it("can do what sets no cookie, and nothing is amiss with a logout of nobody", async () => {
    const site = new Site(next, (sessions) => ({
      async show(where) {
        if (where === "others") return String((await sessions.revokeOther()).length);
        return where === "logout" ? outcome(sessions.revoke()) : "";
      },
    }));
    const [client, other] = [await site.loggedIn(), await site.loggedIn()];
    expect(shown((await client.get("/pages/others")).text, "page")).toEqual(["1"]);
    expect((await other.get("/anything")).text).toBe("nobody");
    expect(shown((await site.client().get("/pages/logout")).text, "page")).toEqual(["done"]);
  });

  it("refuses by require(), redirect() and unauthorized(), each as Next.js does", async () => {
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

  it("throws ERR_STORE where nobody knows, and logs nobody out", async () => {
    const site = new Site(next, (sessions) => ({ show: () => outcome(sessions.get()) }));
    const client = await site.loggedIn();
    site.store.down = true;
    const page = await client.get("/pages/home");
    expect([shown(page.text, "page")[0], page.cookies]).toEqual([expect.stringMatching(/^ERR_STORE/), []]);
    site.store.down = false;
    expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["done"]);
  });

  it('is refused the session under "use cache", by Next.js', async () => {
    let refusal: unknown;
    const site = new Site(next, (sessions) => ({
      show: () =>
        who(sessions).catch((error) => {
          refusal = error;
          throw error;
        }),
    }));
    const client = await site.loggedIn();
    expect((await client.get("/cached")).text).not.toContain("ann");
    expect(String(refusal)).toMatch(/headers.*"use cache"/s);
  });

  it("is kept by no cache", async () => {
    const client = await new Site(next).loggedIn();
    expect((await client.get("/pages/home")).headers.get("cache-control")).toContain("no-store");
  });
});
