import { RedisStore } from "connect-redis";
import session from "express-session";
import { redis } from "../redis.ts";

declare module "express-session" {
  interface SessionData {
    userId?: string;
  }
}

export const OLD_COOKIE = "connect.sid";

export const oldSession = session({
  name: OLD_COOKIE,
  secret: process.env.SESSION_SECRET ?? "",
  store: new RedisStore({ client: redis, prefix: "sess:" }),
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, secure: true, sameSite: "lax", maxAge: 14 * 86_400_000 },
});

/** Deletes an old session. Only one of several concurrent calls returns true. */
export async function deleteOldSession(id: string): Promise<boolean> {
  return (await redis.del(`sess:${id}`)) === 1;
}
