import type { Request } from "express";
import koaPassport from "koa-passport";
import passport from "passport";
import { Strategy as OAuth2Strategy, type StrategyOptions } from "passport-oauth2";
import { Manager, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { koaSessions } from "sessionup/koa";
import { nestSessions } from "sessionup/nest";
import { connectPassport, oauth2StateStore } from "sessionup/passport";
import { memoryStore } from "sessionup/stores/memory";

declare function findUser(id: string): Promise<Express.User | undefined>;

const sessions = expressSessions(new Manager(memoryStore()));
const withMeta = expressSessions(new Manager(memoryStore(), { meta: typed<{ theme: string }>() }));
const optional = expressSessions(
  new Manager(memoryStore(), { meta: typed<{ theme: string } | undefined>() }),
);

// Every instance of Passport, with the sessions of each of its frameworks.
connectPassport(passport, sessions);
connectPassport(new passport.Passport(), nestSessions(new Manager(memoryStore())));
connectPassport(koaPassport, koaSessions(new Manager(memoryStore())));
// @ts-expect-error An Express app is no instance of Passport.
connectPassport({ use: () => undefined }, sessions);

// The type of the user is that of `findUser`.
connectPassport(passport, sessions, { findUser, toUserKey: (user) => user.id });
// @ts-expect-error The user has no such property.
connectPassport(passport, sessions, { findUser, toUserKey: (user) => user.name });
// @ts-expect-error The user key must be a string.
connectPassport(passport, sessions, { findUser, toUserKey: () => 1 });
connectPassport(passport, sessions, {
  findUser: (userKey, session) => ({ id: userKey, since: session.createdAt }),
  toUserKey: (user) => `${user.id}${user.since.getTime()}`,
});

// The request has the type that a function declares.
connectPassport(passport, sessions, { init: (_user, request: Request) => ({ level: request.body.level }) });

// `init` is required where metadata is.
connectPassport(passport, withMeta, { findUser, init: () => ({ meta: { theme: "dark" } }) });
// @ts-expect-error Without options there is no metadata.
connectPassport(passport, withMeta);
// @ts-expect-error Without `init` there is no metadata.
connectPassport(passport, withMeta, { findUser });
// @ts-expect-error The metadata must be that of the manager.
connectPassport(passport, withMeta, { findUser, init: () => ({ meta: { theme: 1 } }) });
connectPassport(passport, optional);
connectPassport(passport, optional, { findUser, init: () => ({}) });
connectPassport(passport, optional, { findUser, init: () => ({ meta: { theme: "dark" } }) });

// The state store fits the option of passport-oauth2.
const store: StrategyOptions["store"] = oauth2StateStore(sessions, { ttl: "5m" });
export const strategy: (options: StrategyOptions) => OAuth2Strategy = (options) =>
  new OAuth2Strategy({ ...options, store }, () => undefined);
// @ts-expect-error A session cookie of the provider's site is never sent with "strict".
oauth2StateStore(sessions, { sameSite: "strict" });
