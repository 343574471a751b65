import { createServer } from "node:http";
import express from "express";
import { Manager, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { expressSession, type RequestSession } from "sessionup/express-session";
import { connectPassport } from "sessionup/passport";
import { memoryStore } from "sessionup/stores/memory";
import { beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../support/listen.ts";
import { Browser } from "./browser.ts";
import { installPassport } from "./packages.ts";

interface Data {
  returnTo?: string;
  messages?: string[];
}

declare global {
  namespace Express {
    interface Request {
      session: RequestSession & Data;
    }
  }
}

describe("the options of authenticate that need req.session, with sessionup/express-session", () => {
  let origin: string;

  beforeAll(async () => {
    await installPassport();
    const { default: passport } = await import("passport");
    const { Strategy: LocalStrategy } = await import("passport-local");
    const manager = new Manager(memoryStore(), { meta: typed<Data | undefined>() });
    const sessions = expressSessions(manager);
    const authenticator = new passport.Passport();
    connectPassport(authenticator, sessions, {
      findUser: (id) => ({ id }),
      toUserKey: (user) => user.id,
      init: (_user, { session: { returnTo } }: express.Request) => ({ meta: returnTo ? { returnTo } : {} }),
    });
    authenticator.use(
      new LocalStrategy((id, password, done) =>
        done(null, password === "right" && { id }, { message: "The password is wrong." }),
      ),
    );
    const app = express();
    app.use(express.urlencoded());
    app.use(expressSession(sessions), authenticator.session());
    app.get("/account", (req, res) => {
      if (req.user) return void res.json({ user: req.user, data: { ...req.session, cookie: undefined } });
      req.session.returnTo = "/account";
      res.redirect("/login");
    });
    app.get("/login", (req, res) => {
      res.json(req.session.messages);
    });
    app.post(
      "/login",
      authenticator.authenticate("local", {
        failureMessage: true,
        failureRedirect: "/login",
        successReturnToOrRedirect: "/",
      }),
    );
    app.post("/logout", (req, res, next) => {
      req.logout((error) => (error ? next(error) : res.sendStatus(204)));
    });
    const server = await listen(createServer(app));
    origin = server.origin;
    return () => server.close();
  }, 600_000);

  it("failureMessage writes to the visitor's session, and successReturnToOrRedirect finds what init keeps", async () => {
    const browser = new Browser();
    expect((await browser.get(`${origin}/account`)).location?.pathname).toBe("/login");
    await browser.post(`${origin}/login`, { username: "ann", password: "wrong" });
    expect(JSON.parse((await browser.get(`${origin}/login`)).text)).toEqual(["The password is wrong."]);
    const page = await browser.post(`${origin}/login`, { username: "ann", password: "right" });
    expect(page.location?.pathname).toBe("/account");
    expect(JSON.parse((await browser.get(`${origin}/account`)).text)).toEqual({
      user: { id: "ann" },
      data: {},
    });
    expect((await browser.post(`${origin}/logout`)).status).toBe(204);
    expect((await browser.get(`${origin}/account`)).location?.pathname).toBe("/login");
  });
});
