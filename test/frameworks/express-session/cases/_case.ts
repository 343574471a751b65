import assert from "node:assert/strict";
import type { Express } from "express";
import type { ExpressSessionOptions } from "sessionup/express-session";
import {
  type Handler,
  type SessionRequest,
  type Site,
  type SiteOptions,
  startSite,
  VISITOR,
} from "../_site.ts";

/** Whether a case has the same result here, another one, or does not apply because the feature does not exist. */
export type Result = "same" | "different" | "none";

export interface Case {
  readonly group: string;
  readonly title: string;
  readonly result: Result;
  /** Why the result is another one, or why the case does not apply. */
  readonly why?: string;
  /** Checks the behaviour of sessionup. */
  readonly run: (express: () => Express) => Promise<void>;
}

/** The session's part of a case, without the framework. */
export type Check = (
  start: (handler: Handler, options?: Omit<SiteOptions, "express">) => Promise<Site>,
) => Promise<void>;

const WHY = {
  error: "A response whose session was not saved is dropped, and the error handler responds instead.",
  signature: "The cookie holds a random secret whose hash the store keeps. There is no signature.",
  store: "There is no `store` object with callbacks and events. The manager's store has its own contract.",
  uninitialized: "Only data creates the session of a visitor, as with `saveUninitialized: false`.",
  rolling:
    "A cookie is set when a session begins, and never again. `idleTimeout` extends the session itself.",
  resave: "Only changes are saved, as with `resave: false`.",
  genid: "The manager generates ids.",
  proxy: "The manager's `cookie.secure` applies to all requests, whatever the connection is.",
  auto: "`secure` and `sameSite` have fixed values, which the manager checks together when it is constructed.",
  cookieFunction: "All cookies of a manager have the same attributes.",
  path: "Browsers decide by the cookie's path where they send it. The middleware works on every route that it is mounted on.",
  fixedEnd: "Nothing moves the end of a session. `expiresIn` sets it when the session begins.",
  fixedCookie:
    "The attributes belong to the manager. Assignments to `req.session.cookie` throw a `TypeError`.",
  unset: '`req.session = null` keeps what is stored, as `unset: "keep"`. `destroy()` ends the session.',
  readOnlyId: "`req.sessionID` is read-only. An assignment throws in strict code.",
  name: "The cookie of visitors is called `visitor` by default, with a prefix such as `__Host-`.",
  key: "The option is called `name`.",
  metadata: "The stored data is metadata, which contains no cookie.",
  priority: "sessionup does not send the attribute `Priority`.",
  cookieClass: "There is no `Cookie` constructor. `req.session.cookie` describes the cookie.",
  cookieParser: "Only the header `Cookie` of the request counts, never what other middleware made of it.",
} as const;

/** Returns the cases of a group. */
export function group(
  name: string,
  add: (add: {
    same(title: string, check: Check): void;
    different(title: string, why: keyof typeof WHY, check: Check): void;
    none(title: string, why: keyof typeof WHY, check: Check): void;
  }) => void,
): readonly Case[] {
  const cases: Case[] = [];
  const push = (result: Result, title: string, check: Check, why?: keyof typeof WHY) =>
    cases.push({
      group: name,
      title,
      result,
      ...(why && { why: WHY[why] }),
      run: (express) => check((handler, options) => startSite(handler, { ...options, express })),
    });
  add({
    same: (title, check) => push("same", title, check),
    different: (title, why, check) => push("different", title, check, why),
    none: (title, why, check) => push("none", title, check, why),
  });
  return cases;
}

/** Checks that an option of express-session is rejected. */
export function rejects(options: object): Check {
  return async (start) => {
    await assert.rejects(start(empty, { session: options as ExpressSessionOptions }), {
      name: "TypeError",
      message: /of express-session is not an option/,
    });
  };
}

/** Responds without touching the session. */
export const empty: Handler = (_req, res) => res.end();
/** Sets data and responds. */
export const setUser: Handler = (req, res) => {
  req.session.user = "bob";
  res.end();
};

/** Returns the names of the properties of `req.session`. */
export function keys(req: SessionRequest): string {
  return Object.keys(req.session).sort().join(",");
}

/** Checks that the first response sets the visitor's cookie and the second one none. */
export async function setsCookieOnce(site: Site): Promise<void> {
  const browser = site.open();
  assert.ok((await browser.get()).cookies.has(VISITOR));
  assert.equal((await browser.get()).cookies.size, 0);
}
