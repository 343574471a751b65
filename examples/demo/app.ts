import { fileURLToPath } from "node:url";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { type InitOptions, SessionError } from "sessionup";
import { expressSessions } from "sessionup/express";
import { sessionPolicy } from "sessionup/report";
import { sessionRoutes } from "sessionup/routes";
import { ActivityLog } from "./activity.ts";
import { nameDevice } from "./clients.ts";
import { createFailures } from "./failures.ts";
import {
  deviceNameProblem,
  NAME_TAKEN,
  nameProblem,
  newPasswordProblem,
  type Problem,
  passwordProblem,
  readFields,
  WRONG_LOGIN,
  WRONG_PASSWORD,
} from "./fields.ts";
import { notStored, securityHeaders } from "./headers.ts";
import type { DemoManager, DeviceMeta } from "./manager.ts";
import { Notices } from "./notices.ts";
import { activityPage } from "./pages/activity.ts";
import { revokeAllPage, revokeOtherPage } from "./pages/confirm.ts";
import { type DeviceView, devicesPage } from "./pages/devices.ts";
import { confirmPage, loginPage, passwordPage, registerPage } from "./pages/forms.ts";
import { homePage } from "./pages/home.ts";
import type { Visitor } from "./pages/layout.ts";
import type { Reader } from "./pages/times.ts";
import { send } from "./send.ts";
import { readTimeZone } from "./time-zone.ts";
import { type User, Users } from "./users.ts";

const publicFiles = fileURLToPath(new URL("public", import.meta.url));
const clientScript = fileURLToPath(new URL("../../dist/client.js", import.meta.url));

/** The options of the demo. */
export interface DemoOptions {
  /** The manager's clock, from which pages calculate relative times. Default: `Date.now`. */
  readonly clock?: () => number;
  /** The accounts. Default: an empty set in memory. */
  readonly users?: Users;
  /** The place of the data, shown in the footer after "It keeps". Default: all in memory. */
  readonly storage?: string;
}

/** How recently the user must have typed the password to sign out everywhere. Short, so that the demo asks for it. */
const MAX_AUTH_AGE = "2m";

/** Creates the account site. */
export function createApp(manager: DemoManager, options: DemoOptions = {}): Express {
  const { clock = Date.now, users = new Users(), storage = IN_MEMORY } = options;
  const notices = new Notices({ secure: sessionPolicy(manager).cookie.secure, clock });
  const activity = new ActivityLog(manager.events);
  const { rejected, rejectedScript, failed, notFound } = createFailures({ findVisitor, notices });
  const sessions = expressSessions(manager, { reject: rejected });

  const app = express();
  app.disable("x-powered-by");
  app.locals.storage = storage;
  app.use(securityHeaders, express.static(publicFiles), notStored);
  app.use(express.urlencoded({ extended: false, limit: "4kb" }));

  // The pages' script uses the ready-made routes. Without a session, it learns why from `rejectedScript`.
  const scripts = expressSessions(manager, { reject: rejectedScript });
  app.get("/client.js", (_req, res) => res.sendFile(clientScript));
  app.post("/account/logout", (_req, res, next) => {
    notices.leave(res, "home", SIGNED_OUT);
    next();
  });
  app.use("/account", scripts.auth({ touch: false }), sessionRoutes(scripts, { path: "/account" }));

  // The home page also works while the store is down. It then has no greeting.
  app.get("/", sessions.public(), (req, res) => {
    const session = sessions.current(req);
    const notice = notices.take(req, res, "home");
    send(res, homePage(session && users.find(session.userKey), notice));
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
    await sessions.init(req, user.id, initOptions(remember));
    res.redirect(303, "/private");
  });

  app.get("/login", async (req, res) => {
    if (await sessions.get(req)) res.redirect(303, "/private");
    else send(res, loginPage({ notice: notices.take(req, res, "login") }));
  });

  app.post("/login", sessions.public(), async (req, res) => {
    const { name, password, remember } = readFields(req.body);
    const problem = nameProblem(name) ?? passwordProblem(password);
    const user = problem ? undefined : await users.check(name, password);
    if (!user) return sendForm(res, loginPage, name, problem ?? WRONG_LOGIN);
    await sessions.init(req, user.id, initOptions(remember));
    // A password change since the check ended all other sessions, but not this newer one.
    if (!users.hasSamePassword(user)) {
      await sessions.revoke(req);
      return sendForm(res, loginPage, name, WRONG_LOGIN);
    }
    res.redirect(303, "/private");
  });

  app.post("/logout", async (req, res) => {
    await sessions.revoke(req);
    notices.leave(res, "home", SIGNED_OUT);
    res.redirect(303, "/");
  });

  app.get("/private", sessions.auth(), hasAccount, async (req, res) => {
    await sendDevices(req, res, { notice: notices.take(req, res, "account", sessions.require(req).id) });
  });

  app.post("/name", sessions.auth(), hasAccount, async (req, res) => {
    const { name } = readFields(req.body);
    const problem = deviceNameProblem(name);
    if (problem) return sendDevices(req, res, { problem });
    await sessions.updateMeta(req, (meta) => ({ ...meta, name }));
    leaveNotice(req, res, name ? `This device is now called ${name}.` : "This device has no name now.");
    res.redirect(303, "/private");
  });

  app.post("/revoke", sessions.auth(), async (req, res) => {
    const { id } = readFields(req.body);
    const device = (await sessions.fetchAll(req)).find((session) => session.id === id);
    const ended = await sessions.revokeOwn(req, id).catch(notOwnerAsFalse);
    if (!sessions.current(req)) {
      notices.leave(res, "home", SIGNED_OUT);
      return res.redirect(303, "/");
    }
    leaveNotice(req, res, device && ended ? `${nameDevice(device)} is signed out.` : NOT_YOURS);
    res.redirect(303, "/private");
  });

  app.get("/revokeother", sessions.auth(), hasAccount, async (req, res) => {
    const others = (await sessions.fetchAll(req)).filter(({ current }) => !current);
    if (others.length === 0) res.redirect(303, "/private");
    else send(res, revokeOtherPage(userOf(req), others));
  });

  app.post("/revokeother", sessions.auth(), async (req, res) => {
    const ended = await sessions.revokeOther(req);
    leaveNotice(req, res, countSignedOut(ended.length));
    res.redirect(303, "/private");
  });

  // Step-up: someone who finds the browser open does not know the password. A stale request goes to /confirm.
  app.get("/revokeall", sessions.auth({ maxAuthAge: MAX_AUTH_AGE }), hasAccount, async (req, res) => {
    send(res, revokeAllPage(userOf(req), await sessions.fetchAll(req)));
  });

  app.post("/revokeall", sessions.auth({ maxAuthAge: MAX_AUTH_AGE }), async (req, res) => {
    await sessions.revokeAll(req);
    notices.leave(res, "login", "You are now signed out everywhere.");
    res.redirect(303, "/login");
  });

  app.get("/confirm", sessions.auth(), hasAccount, (req, res) => send(res, confirmPage(userOf(req))));

  app.post("/confirm", sessions.auth(), hasAccount, async (req, res) => {
    const user = userOf(req);
    const { password } = readFields(req.body);
    const problem = passwordProblem(password);
    if (problem || !(await users.check(user.name, password))) {
      const shown = problem ?? WRONG_PASSWORD;
      return send(res, confirmPage(user, shown), shown.status);
    }
    await sessions.reauthenticate(req);
    res.redirect(303, "/revokeall");
  });

  app.get("/password", sessions.auth(), hasAccount, (req, res) => send(res, passwordPage(userOf(req))));

  app.post("/password", sessions.auth(), hasAccount, async (req, res) => {
    const { password, next } = readFields(req.body);
    const problem = passwordProblem(password) ?? newPasswordProblem(next, "next");
    const user = problem ? undefined : await users.check(userOf(req).name, password);
    if (!user || !(await users.changePassword(user, next))) {
      const shown = problem ?? WRONG_PASSWORD;
      return send(res, passwordPage(userOf(req), shown), shown.status);
    }
    // Revoke after the change. Otherwise a login with the old password could succeed in between.
    const ended = await sessions.revokeOther(req);
    await sessions.reauthenticate(req);
    leaveNotice(req, res, `Your password is changed. ${countSignedOut(ended.length)}`);
    res.redirect(303, "/private");
  });

  app.get("/activity", sessions.auth(), hasAccount, (req, res) => {
    const user = userOf(req);
    send(res, activityPage(user, activity.list(user.id), readerOf(req)));
  });

  app.use(notFound, failed);

  /** Finds the user for a page's account links. Returns `undefined` when the store does not answer. */
  async function findVisitor(req: Request): Promise<Visitor | undefined> {
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

  function readerOf(req: Request): Reader {
    return { now: clock(), timeZone: readTimeZone(req) };
  }

  function leaveNotice(req: Request, res: Response, text: string): void {
    notices.leave(res, "account", text, sessions.require(req).id);
  }

  async function sendDevices(
    req: Request,
    res: Response,
    { notice, problem }: { notice?: string | undefined; problem?: Problem },
  ): Promise<void> {
    const reader = readerOf(req);
    const devices = (await sessions.fetchAll(req)).map(
      (session): DeviceView => ({
        session,
        isNew: !session.meta.name && activity.isNew(session, reader.now),
      }),
    );
    send(res, devicesPage({ user: userOf(req), devices, reader, notice, problem }), problem?.status);
  }

  return app;
}

const IN_MEMORY = "accounts and sessions in memory and loses them when it stops";
const SIGNED_OUT = "You are signed out.";
const NOT_YOURS = "That device is not signed in to your account.";

function countSignedOut(count: number): string {
  if (count === 0) return "No other device was signed in.";
  return count === 1 ? "1 other device is signed out." : `${count} other devices are signed out.`;
}

/** Treats another user's session like an unknown id, so that an attacker cannot find out which ids exist. */
function notOwnerAsFalse(error: unknown): false {
  if (SessionError.is(error) && error.code === "ERR_NOT_OWNER") return false;
  throw error;
}

function initOptions(remember: boolean): InitOptions<DeviceMeta> & { readonly meta: DeviceMeta } {
  return { meta: { name: "" }, ...(remember && { expiresIn: "30d" }) };
}

function sendForm(res: Response, page: typeof loginPage, name: string, problem: Problem): void {
  send(res, page({ name, problem }), problem.status);
}
