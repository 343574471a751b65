import type { RequestListener } from "node:http";
import type express from "express";
import type { Request, Response } from "express";
import passport from "passport";
import { expressSessions } from "sessionup/express";
import { connectPassport, oauth2StateStore } from "sessionup/passport";
import { type AppParts, CALLBACKS, createLocalStrategy, createOAuthStrategy } from "./parts.ts";

/** Creates the app with Express of any major version. `onError` runs for each error that reaches an error handler. */
export function createExpressApp(
  framework: typeof express,
  parts: AppParts,
  onError: (error: unknown) => void,
): RequestListener {
  const sessions = expressSessions(parts.manager);
  const authenticator = new passport.Passport();
  connectPassport(authenticator, sessions, {
    findUser: (userKey) => parts.users.get(userKey),
    toUserKey: (user) => user.id,
    init: (_user, request: Request) => ({
      meta: { by: request.path === "/login" ? "password" : "provider" },
    }),
  });
  const store = oauth2StateStore(sessions);
  authenticator.use(createLocalStrategy(parts));
  authenticator.use(createOAuthStrategy(parts, store));
  const forms = oauth2StateStore(sessions, { sameSite: "none" });
  authenticator.use("other", createOAuthStrategy(parts, forms, "other"));

  const app = framework();
  app.use(framework.urlencoded({ extended: false }));
  const who = (req: Request, res: Response) => void res.json({ user: req.user?.id, info: req.authInfo });
  // A provider with `response_mode=form_post` sends a form from its own page.
  app.post(
    CALLBACKS.other,
    sessions.public({ crossOrigin: "allow" }),
    authenticator.authenticate("other"),
    who,
  );
  app.use(authenticator.session());

  app.post("/login", (req, res, next) => {
    const keepSessionInfo = req.query.keep === "yes";
    authenticator.authenticate("local", { keepSessionInfo })(req, res, next);
  });
  app.post("/login", (_req, res) => void res.sendStatus(204));
  app.get("/me", (req: Request, res: Response) => {
    const session = sessions.current(req);
    res.json({ user: req.user?.id, authenticated: req.isAuthenticated(), meta: session?.meta });
  });
  app.post("/theme", (req, res, next) => {
    sessions.updateMeta(req, (meta) => ({ ...meta, theme: "dark" })).then(() => res.sendStatus(204), next);
  });
  app.post("/logout", (req, res, next) => {
    const keepSessionInfo = req.query.keep === "yes";
    req.logout({ keepSessionInfo }, (error) => (error ? next(error) : res.json({ user: req.user?.id })));
  });
  app.post("/logout-everywhere", (req, res, next) => {
    sessions
      .revokeAll(req)
      .then(() => req.logout((error) => (error ? next(error) : res.sendStatus(204))), next);
  });
  const state = { returnTo: "/settings" };
  app.get("/oauth", authenticator.authenticate("oauth2", { state } as never));
  app.get("/other", authenticator.authenticate("other"));
  app.get(CALLBACKS.app, authenticator.authenticate("oauth2"), who);
  app.get(CALLBACKS.other, authenticator.authenticate("other"), who);
  app.use(((error, _req, _res, next) => {
    onError(error);
    next(error);
  }) satisfies express.ErrorRequestHandler);
  // In tests, Express does not print errors.
  app.set("env", "test");
  return app as RequestListener;
}
