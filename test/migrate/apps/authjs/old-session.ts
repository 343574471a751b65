import { type ExpressAuthConfig, getSession } from "@auth/express";
import PostgresAdapter from "@auth/pg-adapter";
import { parseCookie } from "cookie";
import type { Request } from "express";
import { pool } from "../postgres.ts";
import { sendEmail } from "./send-email.ts";

export const OLD_COOKIE = "__Secure-authjs.session-token"; // without the prefix over plain http

export const adapter = PostgresAdapter(pool);

export const authConfig: ExpressAuthConfig = {
  adapter,
  session: { strategy: "database", maxAge: 30 * 86_400 },
  secret: process.env.AUTH_SECRET ?? "",
  trustHost: true,
  providers: [
    {
      id: "email",
      name: "Email",
      type: "email",
      from: "login@example.com",
      maxAge: 600,
      sendVerificationRequest: ({ identifier, url }) => sendEmail(identifier, url),
    },
  ],
  callbacks: {
    session: ({ session, user }) => ({ ...session, user: { id: user.id } }),
  },
};

export interface OldSession {
  readonly sessionToken: string;
  readonly userId: string;
  readonly expires: Date;
}

/** Returns the session of a request, as Auth.js validates it. */
export async function readOldSession(req: Request): Promise<OldSession | undefined> {
  const session = await getSession(req, authConfig);
  const sessionToken = parseCookie(req.headers.cookie ?? "")[OLD_COOKIE];
  if (!session?.user?.id || !sessionToken) return undefined;
  return { sessionToken, userId: session.user.id, expires: new Date(session.expires) };
}

/** Deletes an old session. Only one of several concurrent calls returns true. */
export async function deleteOldSession(sessionToken: string): Promise<boolean> {
  const { rowCount } = await pool.query(`DELETE FROM sessions WHERE "sessionToken" = $1`, [sessionToken]);
  return rowCount === 1;
}
