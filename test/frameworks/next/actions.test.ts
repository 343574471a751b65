import { Manager } from "sessionup";
import { fetchSessions } from "sessionup/fetch";
import { nextSessions } from "sessionup/next";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractClient, parseSetCookie } from "../../../src/testing/adapter/client.ts";
import { GatedStore } from "../../support/gated-store.ts";
import { RunningNext, shown, submit } from "./_app.ts";
import { outcome, Site } from "./_site.ts";
import { callAction } from "./forms.ts";

const NAME = "__Host-sessionup";

let next: RunningNext;
beforeAll(async () => {
  next = await RunningNext.start();
}, 180_000);
afterAll(() => next?.close());

describe("a Server Action of Next.js", () => {
  const site = (): Site =>
    new Site(next, (sessions, { redirect }) => ({
      async act(what) {
        if (what === "get") await sessions.get();
        else if (what === "logout") await sessions.revoke();
        else if (what === "rotate") await sessions.rotate();
        else await sessions.init(what.replace(/-.*/, ""));
        if (what.endsWith("-redirect")) redirect("/pages/home");
        if (what.endsWith("-throw")) throw new Error("after init");
      },
    }));

  it("an action logs in and out, and the page in its response shows the new state despite the request's old cookie", async () => {
    const client = site().client();
    for (const [act, user] of [
      ["ann", "ann"],
      ["bob", "bob"],
      ["rotate", "bob"],
      ["logout", "guest"],
    ]) {
      const answer = await submit(client, next.origin, act ?? "");
      expect([answer.status, shown(answer.html, "page")]).toEqual([200, [user]]);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(answer.headers.get("cache-control")).toContain("no-store");
      expect(shown((await client.get("/actions")).text, "page")).toEqual([user]);
    }
    expect(client.jar.size).toBe(0);
  });

  it("an action and the page in its response read the store once together", async () => {
    const own = site();
    const client = await own.loggedIn();
    await client.get("/actions");
    own.store.calls = 0;
    expect(shown((await submit(client, next.origin, "get")).html, "page")).toEqual(["ann"]);
    // The second read belongs to the page with the form.
    expect(own.store.calls).toBe(2);
  });

  it("an action keeps the cookie through redirect(), with 303", async () => {
    const client = site().client();
    const answer = await submit(client, next.origin, "ann-redirect");
    expect([answer.status, answer.headers.get("location")]).toEqual([303, "/pages/home"]);
    expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["ann"]);
  });

  it("an action keeps the cookie when it throws", async () => {
    const client = site().client();
    expect((await submit(client, next.origin, "ann-throw")).status).toBe(500);
    expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["ann"]);
  });

  it("an action that JavaScript calls sets the cookie and returns the updated page", async () => {
    const client = site().client();
    const answer = await callAction(client, next.origin, "ann");
    expect(answer.headers.get("content-type")).toContain("text/x-component");
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([
      200,
      expect.stringContaining("no-store"),
    ]);
    // The response contains the updated page.
    expect(answer.text).toContain('"id":"page","children":"ann"');
    expect(shown((await client.get("/actions")).text, "page")).toEqual(["ann"]);
    const moved = await callAction(client, next.origin, "bob-redirect");
    expect([moved.status, moved.headers.get("x-action-redirect")]).toEqual([200, "/pages/home;push"]);
    expect(moved.text).toContain('"id":"page","children":"bob"');
    expect(shown((await client.get("/pages/home")).text, "page")).toEqual(["bob"]);
  });

  it("an action that sets no cookie leaves the page unchanged until refresh() of next/cache", async () => {
    const own = new Site(next, (sessions, { refresh }) => ({
      async act(what) {
        await sessions.revokeOther();
        if (what === "refresh") refresh();
      },
    }));
    const client = await own.loggedIn();
    expect((await callAction(client, next.origin, "")).text).not.toContain('"id":"page"');
    expect((await callAction(client, next.origin, "refresh")).text).toContain('"id":"page","children":"ann"');
  });

  it("the page in an action's response cannot write", async () => {
    const own = new Site(next, (sessions) => ({
      act: async (what) => {
        if (what) await sessions.init(what);
      },
      show: async () => {
        const session = await sessions.get();
        return session ? outcome(sessions.revoke()) : "guest";
      },
    }));
    const client = own.client();
    const answer = await submit(client, next.origin, "ann");
    expect(shown(answer.html, "page")[0]).toMatch(
      /^ERR_HEADERS_SENT: .*in a Server Action or a Route Handler\.$/,
    );
    expect(await own.manager.fetchByUserKey("ann")).toHaveLength(1);
  });

  it("a login that finishes too late for the cookie is undone", async () => {
    const store = new GatedStore();
    const manager = new Manager(store);
    let late: Promise<string> | undefined;
    next.serve(({ headers, cookies }) => {
      const sessions = nextSessions(manager, { headers, cookies });
      return {
        async act() {
          await sessions.init("ann");
          const gate = store.hold("create");
          late = outcome(sessions.init("bob"));
          await gate.arrived;
          open = () => gate.open();
        },
        async show() {
          open();
          return (await late) ?? "";
        },
      };
    });
    let open = () => {};
    const { html } = await submit(new ContractClient(next.origin), next.origin, "ann");
    expect(shown(html, "page")[0]).toMatch(/^ERR_HEADERS_SENT/);
    expect(await manager.fetchByUserKey("bob")).toEqual([]);
  });

  it("an action clears the cookie of an expired session", async () => {
    const own = site();
    const client = await own.loggedIn();
    own.clock.advance("31m");
    expect(shown((await submit(client, next.origin, "get")).html, "page")).toEqual(["guest"]);
    expect(client.jar.size).toBe(0);
  });

  it("Next.js does not run an action for a page of another origin", async () => {
    const client = await site().loggedIn();
    const answer = await submit(client, next.origin, "logout", { origin: "https://evil.example" });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([500, []]);
    expect(shown((await client.get("/actions")).text, "page")).toEqual(["ann"]);
  });
});

describe("proxy.ts of Next.js", () => {
  /** Uses the fetch adapter, and sets a cookie of the app's own. */
  const site = (): Site => {
    const own: Site = new Site(next, (_sessions, { NextResponse }) => {
      const sessions = fetchSessions(own.manager, {
        reject: ({ status }, { url }) =>
          status === 401 ? Response.redirect(new URL("/login", url), 303) : new Response(null, { status }),
      });
      const goOn = () => {
        const response = NextResponse.next();
        response.cookies.set("theme", "dark");
        return response;
      };
      const [forAll, forUsers] = [sessions.public(goOn), sessions.auth(goOn)];
      return { proxy: (request) => (request.url.includes("/private") ? forUsers : forAll)(request) };
    });
    return own;
  };

  it("sessionup/fetch in proxy.ts runs every page behind public(), and behind auth() only with a session", async () => {
    const own = site();
    const client = await own.loggedIn();
    const page = await client.get("/proxied/private");
    expect([page.status, shown(page.text, "page"), page.cookies]).toEqual([
      200,
      ["ann"],
      ["theme=dark; Path=/"],
    ]);
    const stranger = await own.client().get("/proxied/private");
    expect([stranger.status, stranger.headers.get("location")]).toEqual([303, "/login"]);
    expect(shown((await own.client().get("/proxied/open")).text, "page")).toEqual(["guest"]);
    own.store.down = true;
    expect((await client.get("/proxied/private")).status).toBe(503);
  });

  it("sessionup/fetch in proxy.ts clears the cookie of an expired session before the page, which cannot", async () => {
    const own = site();
    for (const [path, status] of [
      ["/proxied/open", 200],
      ["/proxied/private", 303],
    ] as const) {
      const client = await own.loggedIn();
      own.clock.advance("31m");
      const answer = await client.get(path);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("cache-control")).toContain("no-store");
      const names = answer.cookies.map((line) => parseSetCookie(line).name);
      expect(names).toEqual(status === 200 ? ["theme", NAME] : [NAME]);
      expect([...client.jar.keys()]).toEqual(status === 200 ? ["theme"] : []);
    }
  });

  it("nextSessions in proxy.ts loses the response's own cookies when it clears one, because Next.js drops them", async () => {
    const own = new Site(next, (sessions, { NextResponse }) => ({
      proxy: sessions.public(() => {
        const response = NextResponse.next();
        response.cookies.set("theme", "dark");
        return response;
      }),
    }));
    const client = await own.loggedIn();
    expect((await client.get("/proxied/open")).cookies).toHaveLength(1);
    own.clock.advance("31m");
    const { cookies } = await client.get("/proxied/open");
    expect(cookies.map((line) => parseSetCookie(line).name)).toEqual([NAME]);
  });
});
