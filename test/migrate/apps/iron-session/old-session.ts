import { parseCookie } from "cookie";
import type { Request, Response } from "express";
import { getIronSession, type IronSession } from "iron-session";

export interface OldSession {
  userId?: string;
}

const OLD_COOKIE = "my-app";

/** When the old password is deleted: the day of the deployment plus `ttl`. */
export const OLD_COOKIES_UNTIL = new Date(process.env.OLD_COOKIES_UNTIL ?? "");

export function readOldSession(req: Request, res: Response): Promise<IronSession<OldSession>> {
  return getIronSession<OldSession>(req, res, {
    cookieName: OLD_COOKIE,
    password: process.env.SESSION_PASSWORD ?? "",
    ttl: 14 * 86_400,
  });
}

/** Returns when an old cookie expires. Only for a cookie that iron-session has verified: the seal covers this field. */
export function readOldExpiry(req: Request): Date {
  const seal = parseCookie(req.headers.cookie ?? "")[OLD_COOKIE] ?? "";
  return new Date(Number(seal.split("*")[5]));
}
