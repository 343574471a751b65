import secureSession from "@fastify/secure-session";
import type { FastifyInstance } from "fastify";

declare module "@fastify/secure-session" {
  interface SessionData {
    userId: string;
  }
}

/** When the old key is deleted: the day of the deployment plus the longest life of an old cookie. */
export const OLD_COOKIES_UNTIL = new Date(process.env.OLD_COOKIES_UNTIL ?? "");
if (Number.isNaN(OLD_COOKIES_UNTIL.getTime())) throw new Error("OLD_COOKIES_UNTIL must be a date.");

export async function registerOldSession(app: FastifyInstance): Promise<void> {
  await app.register(secureSession, {
    cookieName: "secure",
    key: Buffer.from(process.env.SESSION_KEY ?? "", "base64"),
    expiry: 14 * 86_400,
    cookie: { httpOnly: true, secure: true, sameSite: "lax", path: "/", maxAge: 14 * 86_400 },
  });
}
