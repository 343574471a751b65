import { fileURLToPath } from "node:url";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { InitOptions, Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { devicesPage } from "./devices.ts";
import { failed, notFound, refuse } from "./failures.ts";
import {
  fieldsOf,
  NAME_TAKEN,
  nameProblem,
  newPasswordProblem,
  type Problem,
  passwordProblem,
  WRONG_LOGIN,
  WRONG_PASSWORD,
} from "./fields.ts";
import { loginPage, registerPage } from "./forms.ts";
import { notStored, securityHeaders } from "./headers.ts";
import { homePage, send } from "./pages.ts";
import { type User, Users } from "./users.ts";

const publicFiles = fileURLToPath(new URL("public", import.meta.url));

/** The account site. `clock` is what the manager's is, so that the page counts from the same now. */
export function createApp(
  manager: Manager,
  clock: () => number = Date.now,
  users: Users = new Users(),
): Express {
  const sessions = expressSessions(manager, { reject: refuse });

  const app = express();
  app.disable("x-powered-by");
  app.use(securityHeaders, express.static(publicFiles), notStored);
  app.use(express.urlencoded({ extended: false, limit: "4kb" }));

  // Also there when the store does not answer; then nobody is greeted.
  app.get("/", sessions.public(), (req, res) => {
    const session = sessions.current(req);
    send(res, homePage(session && users.find(session.userKey)));
  });

  app.get("/register", async (req, res) => {
    if (await sessions.get(req)) res.redirect(303, "/private");
    else send(res, registerPage());
  });

  app.post("/register", async (req, res) => {
    const { name, password, remember } = fieldsOf(req.body);
    const problem = nameProblem(name) ?? newPasswordProblem(password, "password");
    const user = problem ? undefined : await users.register(name, password);
    if (!user) return sendForm(res, registerPage, name, problem ?? NAME_TAKEN);
    await sessions.init(req, user.id, lifetime(remember));
    res.redirect(303, "/private");
  });

  app.get("/login", async (req, res) => {
    if (await sessions.get(req)) res.redirect(303, "/private");
    else send(res, loginPage({ notice: NOTICES.get(req.query.done) }));
  });

  app.post("/login", async (req, res) => {
    const { name, password, remember } = fieldsOf(req.body);
    const problem = nameProblem(name) ?? passwordProblem(password);
    const user = problem ? undefined : await users.check(name, password);
    if (!user) return sendForm(res, loginPage, name, problem ?? WRONG_LOGIN);
    await sessions.init(req, user.id, lifetime(remember));
    // The password may have changed since it was checked. That ended the sessions there were, and this one was none yet.
    if (!users.hasSamePassword(user)) {
      await sessions.revoke(req);
      return sendForm(res, loginPage, name, WRONG_LOGIN);
    }
    res.redirect(303, "/private");
  });

  app.post("/logout", async (req, res) => {
    await sessions.revoke(req);
    res.redirect(303, "/");
  });

  app.get("/private", sessions.auth(), hasAccount, async (req, res) => {
    await sendDevices(req, res, { notice: NOTICES.get(req.query.done) });
  });

  app.post("/revoke", sessions.auth(), async (req, res) => {
    const ended = await sessions.revokeOwn(req, fieldsOf(req.body).id);
    // Its own id logs out.
    if (!sessions.current(req)) res.redirect(303, "/");
    else res.redirect(303, ended ? "/private?done=one" : "/private?done=gone");
  });

  app.post("/revokeother", sessions.auth(), async (req, res) => {
    await sessions.revokeOther(req);
    res.redirect(303, "/private?done=others");
  });

  app.post("/revokeall", sessions.auth(), async (req, res) => {
    await sessions.revokeAll(req);
    res.redirect(303, "/login?done=all");
  });

  app.post("/password", sessions.auth(), hasAccount, async (req, res) => {
    const { password, next } = fieldsOf(req.body);
    const problem = passwordProblem(password) ?? newPasswordProblem(next, "next");
    if (problem) return sendDevices(req, res, { problem });
    const user = await users.check(userOf(req).name, password);
    if (!user || !(await users.changePassword(user, next)))
      return sendDevices(req, res, { problem: WRONG_PASSWORD });
    // After the change, or else a login with the old password could come in between.
    await sessions.revokeOther(req);
    await sessions.reauthenticate(req);
    res.redirect(303, "/private?done=password");
  });

  app.use(notFound, failed);

  /** Sessions in a database can outlive the accounts, which are in a file: such a one is nobody's. */
  async function hasAccount(req: Request, res: Response, next: NextFunction): Promise<void> {
    if (users.find(sessions.require(req).userKey)) return next();
    await sessions.revokeAll(req);
    res.redirect(303, "/login");
  }

  function userOf(req: Request): User {
    const user = users.find(sessions.require(req).userKey);
    if (!user) throw new Error("a session of no user");
    return user;
  }

  async function sendDevices(
    req: Request,
    res: Response,
    { notice, problem }: { notice?: string | undefined; problem?: Problem },
  ): Promise<void> {
    const page = { user: userOf(req), sessions: await sessions.fetchAll(req), now: clock(), notice, problem };
    send(res, devicesPage(page), problem?.status);
  }

  return app;
}

const NOTICES: ReadonlyMap<unknown, string> = new Map([
  ["one", "That device is signed out."],
  ["gone", "That device was signed out already."],
  ["others", "All other devices are signed out."],
  ["all", "You are signed out everywhere."],
  ["password", "Your password is changed, and all other devices are signed out."],
]);

function lifetime(remember: boolean): InitOptions {
  return remember ? { expiresIn: "30d" } : {};
}

function sendForm(res: Response, page: typeof loginPage, name: string, problem: Problem): void {
  send(res, page({ name, problem }), problem.status);
}
