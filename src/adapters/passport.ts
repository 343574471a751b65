import type { Sessions } from "../http/sessions.ts";
import { createLogin } from "./passport/login.ts";
import { type PassportOptions, parsePassportOptions, type RequiredInit } from "./passport/options.ts";
import { checkPassport, type PassportLike, type PassportRequest } from "./passport/passport-like.ts";
import { settle } from "./passport/settle.ts";

export type { OAuth2StateOptions, PassportOptions, RequiredInit } from "./passport/options.ts";
export type { PassportLike, PassportRequest } from "./passport/passport-like.ts";
export { type OAuth2StateStore, oauth2StateStore } from "./passport/state-store.ts";

/**
 * Connects Passport to the sessions of an Express, Koa or NestJS app, in place of `req.session`. `req.login` calls
 * `sessions.init`, `req.logout` calls `sessions.revoke`, and `passport.session()` restores `req.user`. Each of them passes a
 * failure of the store on as an error with the status 503.
 *
 * Throws `TypeError` for a Passport before 0.6, for anything but an adapter's sessions, and for invalid options.
 *
 * @example
 * ```ts with=passport
 * import express from "express";
 * import passport from "passport";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { connectPassport } from "sessionup/passport";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * interface User { readonly id: string }
 * declare function findUser(id: string): Promise<User | undefined>; // your code
 *
 * const sessions = expressSessions(new Manager(memoryStore()));
 * connectPassport(passport, sessions, { findUser, toUserKey: (user) => user.id });
 *
 * const app = express();
 * app.use(passport.session());
 * ```
 */
export function connectPassport<User, Context extends object, In, Out extends In, Request = PassportRequest>(
  passport: PassportLike,
  sessions: Sessions<Context, In, Out>,
  options: PassportOptions<User, In, Out, Request> & RequiredInit<User, In, Request>,
): void;
export function connectPassport<Context extends object, In, Out extends In>(
  passport: PassportLike,
  sessions: Sessions<Context, In, Out>,
  ...options: undefined extends In ? [] : [options: RequiredInit<unknown, In, PassportRequest>]
): void;
export function connectPassport<Context extends object, In, Out extends In>(
  passport: PassportLike,
  sessions: Sessions<Context, In, Out>,
  options: object = {},
): void {
  const internals = checkPassport(passport);
  const login = createLogin(internals, sessions, parsePassportOptions(options) as never);
  const manager: typeof internals._sm = {
    logIn: (request, user, { keepSessionInfo = false }, done) =>
      settle(login.logIn(request, user, keepSessionInfo), () => done(), done),
    // Passport and `connectPassport` tell the versions apart by the number of parameters.
    logOut: (request, _options, done) => settle(login.logOut(request), () => done(), done),
  };
  if (internals.sessionManager) internals.sessionManager(manager);
  else internals._sm = manager;
  internals.use("session", {
    authenticate(request) {
      settle(
        login.restoreUser(request),
        () => this.pass(),
        (error) => this.error(error),
      );
    },
  });
}
