import { type NextFunction, type Request, type Response, Router } from "express";
import { SessionError } from "sessionup";
import type { ExpressSessions } from "sessionup/express";
import type { ActivityLog } from "./activity.ts";
import { nameDevice } from "./clients.ts";
import {
  deviceNameProblem,
  newPasswordProblem,
  type Problem,
  passwordProblem,
  readFields,
  WRONG_PASSWORD,
} from "./fields.ts";
import type { DeviceMeta } from "./manager.ts";
import type { Notices } from "./notices.ts";
import { activityPage } from "./pages/activity.ts";
import { revokeAllPage, revokeOtherPage } from "./pages/confirm.ts";
import { type DeviceView, devicesPage } from "./pages/devices.ts";
import { confirmPage, passwordPage } from "./pages/forms.ts";
import type { Reader } from "./pages/times.ts";
import { send } from "./send.ts";
import { readTimeZone } from "./time-zone.ts";
import type { User, Users } from "./users.ts";

/** The parts of the site that the routes use. */
export interface Site {
  readonly sessions: ExpressSessions<DeviceMeta>;
  readonly users: Users;
  readonly notices: Notices;
  readonly activity: ActivityLog;
  readonly clock: () => number;
}

/** How recently the user must have typed the password to sign out everywhere. Short, so that the demo asks for it. */
const MAX_AUTH_AGE = "2m";

/** Creates the routes of a signed-in user: devices, activity and password. */
export function accountRoutes({ sessions, users, notices, activity, clock }: Site): Router {
  const router = Router();

  router.get("/private", sessions.auth(), hasAccount, async (req, res) => {
    await sendDevices(req, res, { notice: notices.take(req, res, "account", sessions.require(req).id) });
  });

  router.post("/name", sessions.auth(), hasAccount, async (req, res) => {
    const { name } = readFields(req.body);
    const problem = deviceNameProblem(name);
    if (problem) return sendDevices(req, res, { problem });
    await sessions.updateMeta(req, (meta) => ({ ...meta, name }));
    leaveNotice(req, res, name ? `This device is now called ${name}.` : "This device has no name now.");
    res.redirect(303, "/private");
  });

  router.post("/revoke", sessions.auth(), async (req, res) => {
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

  router.get("/revokeother", sessions.auth(), hasAccount, async (req, res) => {
    const others = (await sessions.fetchAll(req)).filter(({ current }) => !current);
    if (others.length === 0) res.redirect(303, "/private");
    else send(res, revokeOtherPage(userOf(req), others));
  });

  router.post("/revokeother", sessions.auth(), async (req, res) => {
    const ended = await sessions.revokeOther(req);
    leaveNotice(req, res, countSignedOut(ended.length));
    res.redirect(303, "/private");
  });

  // Step-up: someone who finds the browser open does not know the password. A stale request goes to /confirm.
  router.get("/revokeall", sessions.auth({ maxAuthAge: MAX_AUTH_AGE }), hasAccount, async (req, res) => {
    send(res, revokeAllPage(userOf(req), await sessions.fetchAll(req)));
  });

  router.post("/revokeall", sessions.auth({ maxAuthAge: MAX_AUTH_AGE }), async (req, res) => {
    await sessions.revokeAll(req);
    notices.leave(res, "login", "You are now signed out everywhere.");
    res.redirect(303, "/login");
  });

  router.get("/confirm", sessions.auth(), hasAccount, (req, res) => send(res, confirmPage(userOf(req))));

  router.post("/confirm", sessions.auth(), hasAccount, async (req, res) => {
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

  router.get("/password", sessions.auth(), hasAccount, (req, res) => send(res, passwordPage(userOf(req))));

  router.post("/password", sessions.auth(), hasAccount, async (req, res) => {
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

  router.get("/activity", sessions.auth(), hasAccount, (req, res) => {
    const user = userOf(req);
    send(res, activityPage(user, activity.list(user.id), readerOf(req)));
  });

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

  return router;
}

const NOT_YOURS = "That device is not signed in to your account.";
export const SIGNED_OUT = "You are signed out.";

function countSignedOut(count: number): string {
  if (count === 0) return "No other device was signed in.";
  return count === 1 ? "1 other device is signed out." : `${count} other devices are signed out.`;
}

/** Treats another user's session like an unknown id, so that an attacker cannot find out which ids exist. */
function notOwnerAsFalse(error: unknown): false {
  if (SessionError.is(error) && error.code === "ERR_NOT_OWNER") return false;
  throw error;
}
