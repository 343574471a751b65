import { describe, expect, it } from "vitest";
import { assign, countHits, EXPRESS, startSite } from "./_site.ts";

describe.each([...EXPRESS])("requests that req.session does not serve, on %s", (_version, express) => {
  it("an unsafe request from a page of another origin is rejected", async () => {
    await using site = await startSite(countHits, { express });
    const browser = site.open();
    const headers = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    expect((await browser.post("/", headers)).status).toBe(403);
    expect(site.store.calls).toEqual([]);
  });

  it("an earlier middleware can accept such requests, also for visitors", async () => {
    await using site = await startSite(countHits, {
      express,
      before: (app) =>
        app.use("/callback", (req, res, next) =>
          site.sessions.public({ crossOrigin: "allow" })(req, res, next),
        ),
    });
    const headers = { "sec-fetch-site": "cross-site", origin: "https://id.example" };
    expect((await site.open().post("/callback", headers)).text).toBe("1");
  });

  it.each(["user", "visitor"])("a failing lookup of a %s goes to the error handler as 503", async (kind) => {
    let runs = 0;
    await using site = await startSite(
      (req, res, next) => {
        runs++;
        return assign(req, res, next);
      },
      { express },
    );
    const browser = site.open();
    if (kind === "user") await browser.post("/login");
    await browser.get("/?a=1");
    site.store.fail("fetchById");
    expect((await browser.get()).status).toBe(503);
    expect(runs).toBe(1);
    expect((await browser.get()).text).toBe('{"a":"1"}');
  });

  it("a session that the app provides itself is left alone", async () => {
    await using site = await startSite((req, res) => res.json(req.session), {
      express,
      before: (app) =>
        app.use((req, _res, next) => {
          Object.assign(req, { session: { own: true } });
          next();
        }),
    });
    expect((await site.open().get()).text).toBe('{"own":true}');
  });
});
