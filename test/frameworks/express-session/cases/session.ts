import assert from "node:assert/strict";
import { countHits, VISITOR } from "../_site.ts";
import { type Case, type Check, group, setsCookieOnce, setUser } from "./_case.ts";

/** The cases of express-session about `req.session`. */
export const SESSION: readonly Case[] = [
  ...group("req.session", ({ same, different }) => {
    same("keeps its data", async (start) => {
      await using site = await start((req, res) => {
        req.session.count = Number(req.session.count ?? 0) + 1;
        res.json([req.session.count, req.sessionID]);
      });
      const browser = site.open();
      const [, id] = JSON.parse((await browser.get()).text);
      assert.deepEqual((await site.middleware.visitors.fetchByUserKey(id))[0]?.meta, { count: 1 });
      assert.deepEqual(JSON.parse((await browser.get()).text), [2, id]);
    });
    different("sets a cookie with an expiry again when the data has changed", "fixedEnd", async (start) => {
      await using site = await start(countHits, { session: { expiresIn: "1h" } });
      await setsCookieOnce(site);
    });
    same("lists no methods in a loop over its properties", async (start) => {
      await using site = await start((req, res) => {
        req.session.foo = 1;
        const found: string[] = [];
        for (const key in req.session) found.push(key);
        res.end(found.sort().join(","));
      });
      assert.equal((await site.open().get()).text, "cookie,foo");
    });
    different("is not set while the store reports that it is disconnected", "store", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      site.store.fail("fetchById");
      assert.equal((await browser.get()).status, 503);
    });
    different("is set again when the store reports that it is connected", "store", async (start) => {
      await using site = await start(countHits);
      const browser = site.open();
      await browser.get();
      site.store.fail("fetchById");
      await browser.get();
      assert.equal((await browser.get()).text, "2");
    });
    same("destroy() ends the session and removes req.session", async (start) => {
      await using site = await start((req, res) => {
        if (req.path === "/") return setUser(req, res, () => {});
        return req.session.destroy((error) => res.json([error === undefined, req.session === undefined]));
      });
      assert.equal((await site.open().get("/destroy")).cookies.size, 0);
      const browser = site.open();
      await browser.get();
      const answer = await browser.get("/destroy");
      assert.equal(answer.text, "[true,true]");
      assert.equal(answer.cookies.get(VISITOR)?.maxAge, 0);
      assert.deepEqual(site.writes(), ["create", "deleteById"]);
    });
    same("regenerate() replaces the session by another one", async (start) => {
      await using site = await start((req, res) => {
        const { id } = req.session;
        req.session.user = "bob";
        req.session.regenerate((error) => {
          const result = [error === undefined, req.session.id === id, req.session.user === undefined];
          req.session.user = "alice";
          res.json(result);
        });
      });
      const browser = site.open();
      assert.equal((await browser.get()).text, "[true,false,true]");
      const first = browser.jar.get(VISITOR);
      assert.equal((await browser.get()).text, "[true,false,true]");
      assert.notEqual(browser.jar.get(VISITOR), first);
    });
    same("reload() reads what another request has saved", async (start) => {
      await using site = await start(async (req, res) => {
        req.session.url = req.path;
        if (req.path !== "/outer") return res.end();
        await browser.copy().get("/inner");
        return req.session.reload(() => res.end(`saw ${req.session.url}`));
      });
      const browser = site.open();
      await browser.get("/");
      assert.equal((await browser.get("/outer")).text, "saw /inner");
    });
    same("reload() fails when the session has ended", async (start) => {
      await using site = await start(async (req, res) => {
        await site.manager.revokeByUserKey("user-1");
        req.session.reload((error) => res.json({ code: (error as { code?: string } | undefined)?.code }));
      });
      const browser = site.open();
      await browser.post("/login");
      assert.equal((await browser.get()).text, '{"code":"ERR_UNAUTHORIZED"}');
    });
    same("reload() can fail many times in a row", async (start) => {
      await using site = await start((req, res) => {
        let remaining = 20;
        const again = () => {
          if (remaining-- === 0) res.end("ok");
          else req.session.reload((_error) => again());
        };
        again();
      });
      assert.equal((await site.open().get()).text, "ok");
    });
    same("save() stores the data before its callback runs", async (start) => {
      await using site = await start((req, res) => {
        req.session.hit = true;
        req.session.save(async () => {
          const [stored] = await site.middleware.visitors.fetchByUserKey(req.session.id);
          res.json(stored?.meta);
        });
      });
      assert.equal((await site.open().get()).text, '{"hit":true}');
    });
    const savesOnce =
      (reload: boolean): Check =>
      async (start) => {
        await using site = await start((req, res) => {
          req.session.hit = true;
          const save = () => req.session.save(() => res.end("saved"));
          if (reload) req.session.reload((_error) => save());
          else save();
        });
        const browser = site.open();
        assert.equal((await browser.get()).text, "saved");
        assert.equal((await browser.get()).text, "saved");
        assert.deepEqual(site.writes(), ["create"]);
      };
    same("save() leaves nothing to save at the end", savesOnce(false));
    same("save() after reload() leaves nothing to save at the end", savesOnce(true));
    same("save() leaves nothing to save at the end of a new session", savesOnce(false));
    different("touch() moves the end of the session", "fixedEnd", async (start) => {
      let now = Date.UTC(2026, 0, 31);
      await using site = await start(
        (req, res) => {
          req.session.hit = true;
          res.json(req.session.touch().cookie.expires);
        },
        { clock: () => now, session: { expiresIn: "1h" } },
      );
      const browser = site.open();
      const { text } = await browser.get();
      now += 60_000;
      assert.equal((await browser.get()).text, text);
    });
  }),
];
