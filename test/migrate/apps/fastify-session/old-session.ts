import cookie from "@fastify/cookie";
import session from "@fastify/session";
import { RedisStore } from "connect-redis";
import type { FastifyInstance } from "fastify";
import { redis } from "../redis.ts";

declare module "fastify" {
  interface Session {
    userId?: string;
  }
}

export const OLD_COOKIE = "sessionId";

export async function registerOldSession(app: FastifyInstance): Promise<void> {
  await app.register(cookie);
  await app.register(session, {
    cookieName: OLD_COOKIE,
    secret: process.env.SESSION_SECRET ?? "",
    store: new RedisStore({ client: redis, prefix: "sess:" }),
    saveUninitialized: false,
    cookie: { httpOnly: true, secure: true, sameSite: "lax", maxAge: 14 * 86_400_000 },
  });
}

/** Deletes an old session. Only one of several concurrent calls returns true. */
export async function deleteOldSession(id: string): Promise<boolean> {
  return (await redis.del(`sess:${id}`)) === 1;
}
