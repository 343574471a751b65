import { fileURLToPath } from "node:url";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { type InitOptions, type Manager, SessionError } from "sessionup";
import { expressSessions } from "sessionup/express";
import { sessionPolicy } from "sessionup/report";
import { devicesPage } from "./devices.ts";
import { createFailures } from "./failures.ts";
import {
  NAME_TAKEN,
  nameProblem,
  newPasswordProblem,
  type Problem,
  passwordProblem,
  readFields,
  WRONG_LOGIN,
  WRONG_PASSWORD,
} from "./fields.ts";
import { loginPage, registerPage } from "./forms.ts";
import { notStored, securityHeaders } from "./headers.ts";
import type { Visitor } from "./layout.ts";
import { Notices } from "./notices.ts";
import { homePage, send } from "./pages.ts";
import { type User, Users } from "./users.ts";

const publicFiles = fileURLToPath(new URL("public", import.meta.url));

/** The options of the demo. */
export interface DemoOptions {
  /** The manager's clock, from which pages calculate relative times. Default: `Date.now`. */
  readonly clock?: () => number;
  /** The accounts. Default: an empty set in memory. */
  readonly users?: Users;
  /** The place of the data, shown in the footer after "It keeps". Default: all in memory. */
  readonly storage?: string;
}

/** Creates the account site. */
export function createApp(manager: Manager, options: DemoOptions = {}): Express {
  const { clock = Date.now, users = new Users(), storage = IN_MEMORY } = options;
  const { rejected, failed, notFound } = createFailures(visitor);
  const sessions = expressSessions(manager, { reject: rejected });
  const notices = new Notices({ secure: sessionPolicy(manager).cookie.secure, clock });

  const app = express();
  app.disable("x-powered-by");
  app.locals.storage = storage;
  app.use(securityHeaders, express.static(publicFiles), notStored);
  app.use(express.urlencoded({ extended: false, limit: "4kb" }));

  // The home page also works while the store is down. It then has no greeting.
  app.get("/", sessions.public(), (req, res) => {
    const session = sessions.current(req);
    send(res, homePage(session && users.find(session.userKey)));
  });

  app.get("/register", async (req, res) => {
    if (await sessions.get(req)) res.redirect(303, "/private");
    else send(res, registerPage());
  });

  // public() rejects requests from other origins before the handler creates an account or checks a password.
  app.post("/register", sessions.public(), async (req, res) => {
    const { name, password, remember } = readFields(req.body);
    const problem = nameProblem(name) ?? newPasswordProblem(password, "password");
    const user = problem ? undefined : await users.register(name, password);
    if (!user) return sendForm(res, registerPage, name, problem ?? NAME_TAKEN);
    await sessions.init(req, user.id, lifetime(remember));
    res.redirect(303, "/private");
  });

  app.get("/login", async (req, res) => {
    if (await sessions.get(req)) res.redirect(303, "/private");
    else send(res, loginPage({ notice: notices.take(req, res) }));
  });

  app.post("/login", sessions.public(), async (req, res) => {
    const { name, password, remember } = readFields(req.body);
    const problem = nameProblem(name) ?? passwordProblem(password);
    const user = problem ? undefined : await users.check(name, password);
    if (!user) return sendForm(res, loginPage, name, problem ?? WRONG_LOGIN);
    await sessions.init(req, user.id, lifetime(remember));
    // A password change since the check ended all other sessions, but not this newer one.
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
    await sendDevices(req, res, { notice: notices.take(req, res, sessions.require(req).id) });
  });

  app.post("/revoke", sessions.auth(), async (req, res) => {
    const ended = await sessions.revokeOwn(req, readFields(req.body).id).catch(notOwnerAsFalse);
    const session = sessions.current(req);
    if (!session) return res.redirect(303, "/"); // the user signed out this device
    notices.leave(res, ended ? "one" : "gone", session.id);
    res.redirect(303, "/private");
  });

  app.post("/revokeother", sessions.auth(), async (req, res) => {
    await sessions.revokeOther(req);
    notices.leave(res, "others", sessions.require(req).id);
    res.redirect(303, "/private");
  });

  app.post("/revokeall", sessions.auth(), async (req, res) => {
    await sessions.revokeAll(req);
    notices.leave(res, "all");
    res.redirect(303, "/login");
  });

  app.post("/password", sessions.auth(), hasAccount, async (req, res) => {
    const { password, next } = readFields(req.body);
    const problem = passwordProblem(password) ?? newPasswordProblem(next, "next");
    if (problem) return sendDevices(req, res, { problem });
    const user = await users.check(userOf(req).name, password);
    if (!user || !(await users.changePassword(user, next)))
      return sendDevices(req, res, { problem: WRONG_PASSWORD });
    // Revoke after the change. Otherwise a login with the old password could succeed in between.
    await sessions.revokeOther(req);
    await sessions.reauthenticate(req);
    notices.leave(res, "password", sessions.require(req).id);
    res.redirect(303, "/private");
  });

  app.use(notFound, failed);

  /** Finds the user for a page's account links. Returns `undefined` when the store does not answer. */
  async function visitor(req: Request): Promise<Visitor | undefined> {
    try {
      const session = await sessions.get(req);
      return (session && users.find(session.userKey)) ?? "guest";
    } catch (error) {
      if (SessionError.is(error)) return undefined;
      throw error;
    }
  }

  /** Ends a session whose account is gone: a database of sessions can outlive the file of accounts. */
  async function hasAccount(req: Request, res: Response, next: NextFunction): Promise<void> {
    if (users.find(sessions.require(req).userKey)) return next();
    await sessions.revokeAll(req);
    res.redirect(303, "/login");
  }

  function userOf(req: Request): User {
    const user = users.find(sessions.require(req).userKey);
    if (!user) throw new Error("the session's user has no account");
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

const IN_MEMORY = "accounts and sessions in memory and loses them when it stops";

/** Treats another user's session like an unknown id, so that an attacker cannot find out which ids exist. */
function notOwnerAsFalse(error: unknown): false {
  if (SessionError.is(error) && error.code === "ERR_NOT_OWNER") return false;
  throw error;
}

function lifetime(remember: boolean): InitOptions {
  return remember ? { expiresIn: "30d" } : {};
}

function sendForm(res: Response, page: typeof loginPage, name: string, problem: Problem): void {
  send(res, page({ name, problem }), problem.status);
}
