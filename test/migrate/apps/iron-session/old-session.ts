import { parseCookie } from "cookie";
import type { Request, Response } from "express";
import { getIronSession, type IronSession } from "iron-session";

export interface OldSession {
  userId?: string;
}

const OLD_COOKIE = "my-app";

/** When the old password is deleted: the day of the deployment plus `ttl`. */
export const OLD_COOKIES_UNTIL = new Date(process.env.OLD_COOKIES_UNTIL ?? "");
if (Number.isNaN(OLD_COOKIES_UNTIL.getTime())) throw new Error("OLD_COOKIES_UNTIL must be a date.");

export function readOldSession(req: Request, res: Response): Promise<IronSession<OldSession>> {
  return getIronSession<OldSession>(req, res, {
    cookieName: OLD_COOKIE,
    password: process.env.SESSION_PASSWORD ?? "",
    ttl: 14 * 86_400,
  });
}

/** Returns when an old cookie expires. Only for a cookie that iron-session has verified: the seal covers this field. */
export function readOldExpiry(req: Request): Date {
  const cookies = parseCookie(req.headers.cookie ?? "");
  // With `chunk: true`, a long seal is in several cookies.
  const chunks = [0, 1, 2, 3].map((index) => cookies[`${OLD_COOKIE}.${index}`] ?? "");
  const expiry = (cookies[OLD_COOKIE] ?? chunks.join("")).split("*")[5];
  // With `ttl: 0`, a seal does not expire.
  return expiry ? new Date(Number(expiry)) : OLD_COOKIES_UNTIL;
}
