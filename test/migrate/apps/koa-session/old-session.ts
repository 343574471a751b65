import type Koa from "koa";
import session from "koa-session";
import { redis } from "../redis.ts";

/** `ctx.session` of koa-session. */
export interface OldSession {
  userId?: string;
  /** When the session ends, in milliseconds since 1970. */
  readonly _expire?: number;
  save(): Promise<void>;
}

const store = {
  async get(key: string): Promise<unknown> {
    return JSON.parse((await redis.get(key)) ?? "null");
  },
  async set(key: string, value: unknown, maxAge: number): Promise<void> {
    await redis.set(key, JSON.stringify(value), { expiration: { type: "PX", value: maxAge } });
  },
  async destroy(key: string): Promise<void> {
    await redis.del(key);
  },
};

export const OLD_COOKIE = "koa.sess";

export function createOldSession(app: Koa): Koa.Middleware {
  app.keys = [process.env.SESSION_SECRET ?? ""];
  const options = { key: OLD_COOKIE, prefix: "koa:sess:", store, maxAge: 14 * 86_400_000, sameSite: "lax" };
  return session({ ...options, secure: true, httpOnly: true, signed: true }, app);
}

/** Deletes the old session that a cookie names. Only one of several concurrent calls returns true. */
export async function deleteOldSession(key: string): Promise<boolean> {
  return (await redis.del(key)) === 1;
}
