import { randomBytes } from "node:crypto";

/** @typedef {{ userKey: string, expiresAt: number, ip: string, agent: string }} Session */

const NEEDLE = "__Host-thefloor=";
const USER_KEY = Symbol("user key");

/**
 * What somebody would write who has no library: find the cookie, ask the database, check the end.
 *
 * @param {{
 *   fetch(token: string): Promise<Session | undefined>,
 *   store(token: string, session: Session): Promise<void>,
 * }} database
 * @returns {import("./contender.d.ts").Contender}
 */
export function handWritten({ fetch, store }) {
  return {
    async authenticate(request, response, next) {
      const header = request.headers.cookie ?? "";
      const start = header.indexOf(NEEDLE);
      if (start !== -1) {
        const end = header.indexOf(";", start);
        const session = await fetch(header.slice(start + NEEDLE.length, end === -1 ? header.length : end));
        if (session && session.expiresAt > Date.now()) {
          request[USER_KEY] = session.userKey;
          next();
          return;
        }
      }
      response.statusCode = 401;
      response.end();
    },
    userKey: (request) => request[USER_KEY],
    async login(_request, response, userKey) {
      // As long as sessionup's, so that the server's parser has the same to read.
      const token = randomBytes(44).toString("hex");
      const expiresAt = Date.now() + 86_400_000;
      await store(token, { userKey, expiresAt, ip: "127.0.0.1", agent: "Chrome on Linux" });
      response.setHeader("set-cookie", `${NEEDLE}${token}; Path=/; HttpOnly; Secure; SameSite=Strict`);
    },
  };
}
