import assert from "node:assert/strict";
import { countHits, type Handler, type SiteOptions, VISITOR } from "../_site.ts";
import { type Case, type Check, empty, group, rejects, setsCookieOnce, setUser } from "./_case.ts";

/** The cases of express-session about the cookie. */
export const COOKIE: readonly Case[] = [
  ...group("req.session.cookie", ({ same, different }) => {
    const cannotSet =
      (name: string, value: unknown): Check =>
      async (start) => {
        await using site = await start((req) => {
          (req.session.cookie as unknown as Record<string, unknown>)[name] = value;
        });
        const { status, text } = await site.open().get();
        assert.equal(status, 500);
        assert.match(text, new RegExp(`req.session.cookie.${name} cannot change`));
      };
    const browserSession: Check = async (start) => {
      await using site = await start((req, res) => {
        req.session.hit = true;
        res.json([req.session.cookie.expires, req.session.cookie.maxAge]);
      });
      const { text, cookies } = await site.open().get();
      assert.equal(text, "[null,null]");
      assert.deepEqual([cookies.get(VISITOR)?.expires, cookies.get(VISITOR)?.maxAge], [undefined, undefined]);
    };
    different("changes of its attributes are sent", "fixedCookie", cannotSet("httpOnly", false));
    same("ends with the browser session by default", browserSession);
    same("is sent once if it ends with the browser session", async (start) => {
      await using site = await start(setUser);
      await setsCookieOnce(site);
    });
    different("changes override the options", "fixedCookie", cannotSet("secure", false));
    different("passes the error of an invalid expiry to the app", "fixedEnd", async (start) => {
      await assert.rejects(start(empty, { session: { expiresIn: "never" as never } }), /expiresIn must be/);
    });
    for (const [title, respond] of [
      ["leaves cookies that were set before", (_req, res) => res.setHeader("Set-Cookie", "previous=1").end()],
      [
        "leaves cookies that writeHead sets",
        (_req, res) => res.writeHead(200, { "Set-Cookie": "previous=1" }).end(),
      ],
    ] as Array<[string, Handler]>)
      same(title, async (start) => {
        await using site = await start((req, res, next) => {
          req.session.hit = true;
          return respond(req, res, next);
        });
        assert.deepEqual([...(await site.open().get()).cookies.keys()].sort(), [VISITOR, "previous"]);
      });
    const maxAges: Check = async (start) => {
      let now = Date.UTC(2026, 0, 31);
      await using site = await start(
        (req, res) => {
          req.session.hit = true;
          res.json([req.session.cookie.originalMaxAge, req.session.cookie.maxAge]);
        },
        { clock: () => now, session: { expiresIn: "2s" } },
      );
      const browser = site.open();
      assert.equal((await browser.get()).text, "[2000,2000]");
      now += 500;
      assert.equal((await browser.get()).text, "[2000,1500]");
    };
    same("originalMaxAge is the whole life", maxAges);
    same("originalMaxAge stays the same for all requests", maxAges);
    same("originalMaxAge stays the same with every store", maxAges);
    same("secure: is set over https", async (start) => {
      await using site = await start(setUser);
      assert.equal((await site.open().get()).cookies.get(VISITOR)?.secure, true);
    });
    different("secure: is not set over http", "proxy", async (start) => {
      await using site = await start(setUser);
      assert.ok((await site.open().get()).cookies.has(VISITOR));
    });
    same("the cookie expires after its maxAge", async (start) => {
      await using site = await start(setUser, { session: { expiresIn: "2s" } });
      assert.equal((await site.open().get()).cookies.get(VISITOR)?.maxAge, 2);
    });
    different("maxAge can be set", "fixedEnd", cannotSet("maxAge", 5_000));
    different("maxAge can be set to a large value", "fixedEnd", cannotSet("maxAge", 3_000_000_000));
    different("expires can be set", "fixedEnd", cannotSet("expires", new Date(0)));
    different("expires: null makes it end with the browser session", "fixedEnd", cannotSet("expires", null));
    for (const title of [
      "is not sent again if it ends with the browser session",
      "is not sent again if it ends with the browser session and the data has changed",
    ])
      same(title, async (start) => {
        await using site = await start(countHits);
        await setsCookieOnce(site);
      });
    for (const [title, partitioned] of [
      ["partitioned: is off by default", undefined],
      ["partitioned: can be off", false],
      ["partitioned: can be on", true],
    ] as const)
      same(title, async (start) => {
        const manager = partitioned === undefined ? {} : { cookie: { partitioned } };
        await using site = await start(setUser, { manager });
        assert.equal((await site.open().get()).cookies.get(VISITOR)?.partitioned, partitioned || undefined);
      });
  }),
  ...group("The constructor of cookies", ({ none, same, different }) => {
    const described =
      (name: string, value: unknown, options: Omit<SiteOptions, "express"> = {}): Check =>
      async (start) => {
        await using site = await start((req, res) => res.json([req.session.cookie[name as "path"]]), options);
        assert.deepEqual(JSON.parse((await site.open().get()).text), [value]);
      };
    const clock = () => Date.UTC(2026, 0, 31);
    const hour = { clock, session: { expiresIn: "1h" } } as const;
    none("creates an object", "cookieClass", described("path", "/"));
    same("expires is null by default", described("expires", null));
    same("httpOnly is true by default", described("httpOnly", true));
    same('path is "/" by default', described("path", "/"));
    same("maxAge is null by default", described("maxAge", null));
    none("with options: creates an object", "cookieClass", described("path", "/"));
    none("with options: rejects what is not an object", "cookieClass", rejects({ cookie: 42 }));
    none("with options: ignores data", "cookieClass", rejects({ cookie: { data: {} } }));
    same("expires is the end that was given", described("expires", "2026-01-31T01:00:00.000Z", hour));
    same("maxAge follows from expires", described("maxAge", 3_600_000, hour));
    same(
      "httpOnly is what was given",
      described("httpOnly", false, { manager: { cookie: { httpOnly: false } } }),
    );
    same("expires follows from maxAge", described("expires", "2026-01-31T01:00:00.000Z", hour));
    same("maxAge is what was given", described("maxAge", 3_600_000, hour));
    different("maxAge may be a Date", "fixedEnd", async (start) => {
      await assert.rejects(
        start(empty, { session: { expiresIn: new Date() as never } }),
        /expiresIn must be/,
      );
    });
    same("maxAge of another type is rejected", async (start) => {
      await assert.rejects(start(empty, { session: { expiresIn: 42 as never } }), /expiresIn must be/);
    });
    same(
      "partitioned is what was given",
      described("partitioned", true, { manager: { cookie: { partitioned: true } } }),
    );
    same("path is what was given", described("path", "/foo", { manager: { cookie: { path: "/foo" } } }));
    none("priority is what was given", "priority", async (start) => {
      await assert.rejects(start(empty, { manager: { cookie: { priority: "high" } as never } }), /priority/);
    });
  }),
];
