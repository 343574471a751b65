import { fileURLToPath } from "node:url";
import express, { type Express, type Request, type Response } from "express";
import { type InitOptions, SessionError } from "sessionup";
import { expressSessions } from "sessionup/express";
import { sessionPolicy } from "sessionup/report";
import { sessionRoutes } from "sessionup/routes";
import { eventStream } from "sessionup/sse";
import { accountRoutes, SIGNED_OUT } from "./account.ts";
import { ActivityLog } from "./activity.ts";
import { createFailures } from "./failures.ts";
import {
  NAME_TAKEN,
  nameProblem,
  newPasswordProblem,
  type Problem,
  passwordProblem,
  readFields,
  WRONG_LOGIN,
} from "./fields.ts";
import { notStored, securityHeaders } from "./headers.ts";
import type { DemoManager, DeviceMeta } from "./manager.ts";
import { Notices } from "./notices.ts";
import { loginPage, registerPage } from "./pages/forms.ts";
import { homePage } from "./pages/home.ts";
import type { Visitor } from "./pages/layout.ts";
import { send } from "./send.ts";
import { Users } from "./users.ts";

const publicFiles = fileURLToPath(new URL("public", import.meta.url));
const dist = fileURLToPath(new URL("../../dist", import.meta.url));
/** The files of `sessionup/client`, which a bundler would make one. */
const CLIENT_FILES = ["client.js", "client/token-keeper.js"];

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
export function createApp(manager: DemoManager, options: DemoOptions = {}): Express {
  const { clock = Date.now, users = new Users(), storage = IN_MEMORY } = options;
  const notices = new Notices({ secure: sessionPolicy(manager).cookie.secure, clock });
  const activity = new ActivityLog(manager.events);
  const failures = createFailures({ findVisitor, notices });
  const { rejected, rejectedScript, rejectedStream, failed, notFound } = failures;
  const sessions = expressSessions(manager, { reject: rejected });

  const app = express();
  app.disable("x-powered-by");
  app.locals.storage = storage;
  app.use(securityHeaders, express.static(publicFiles), notStored);
  app.use(express.urlencoded({ extended: false, limit: "4kb" }));

  // The pages' script uses the ready-made routes. Without a session, it learns why from `rejectedScript`.
  const scripts = expressSessions(manager, { reject: rejectedScript });
  for (const file of CLIENT_FILES) app.get(`/${file}`, (_req, res) => res.sendFile(file, { root: dist }));
  // An open page learns by this stream that its session has ended.
  const streams = expressSessions(manager, { reject: rejectedStream });
  app.get("/events", streams.auth({ touch: false }), (req, res) => eventStream(streams, req).pipe(res));
  app.use("/account", scripts.auth({ touch: false }));
  app.post("/account/logout", (_req, res, next) => {
    notices.leave(res, "home", SIGNED_OUT);
    next();
  });
  app.use(sessionRoutes(scripts, { path: "/account" }));

  // The home page also works while the store is down. It then has no greeting.
  app.get("/", sessions.public(), (req, res) => {
    const session = sessions.current(req);
    const user = session && users.find(session.userKey);
    const notice = notices.take(req, res, "home");
    send(res, homePage(user, user ? undefined : notice));
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

  app.use(accountRoutes({ sessions, users, notices, activity, clock }));
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

  return app;
}

const IN_MEMORY = "accounts and sessions in memory and loses them when it stops";

function initOptions(remember: boolean): InitOptions<DeviceMeta> & { readonly meta: DeviceMeta } {
  return { meta: { name: "" }, ...(remember && { expiresIn: "30d" }) };
}

function sendForm(res: Response, page: typeof loginPage, name: string, problem: Problem): void {
  send(res, page({ name, problem }), problem.status);
}
