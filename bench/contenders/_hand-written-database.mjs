import { randomBytes } from "node:crypto";
import pg from "pg";
import { createClient } from "redis";
import { NEEDLE, readToken, reject, SESSION } from "./_hand-written.mjs";

/** Finds the cookie, queries the database and checks the expiry. The plain token is the key; nothing is hashed. */
export async function handWrittenInDatabase({ kind, url }) {
  const { fetch, insert, remove } = await DATABASES[kind](url);
  return {
    async guard(request, response, next) {
      const token = readToken(request);
      if (token !== undefined) {
        const session = await fetch(token);
        if (session && session.expiresAt > Date.now()) {
          request[SESSION] = { token, userKey: session.userKey };
          next();
          return;
        }
      }
      reject(response);
    },
    userKey: (request) => request[SESSION].userKey,
    async login(userKey, _request, response) {
      // As long as sessionup's token, so that Node's parser has the same work.
      const token = randomBytes(44).toString("hex");
      const expiresAt = Date.now() + 86_400_000;
      await insert(token, { userKey, expiresAt, ip: "127.0.0.1", agent: "Chrome on Linux" });
      response.setHeader("set-cookie", `${NEEDLE}${token}; Path=/; HttpOnly; Secure; SameSite=Strict`);
    },
    logout: (request) => remove(request[SESSION].token),
  };
}

const DATABASES = {
  async redis(url) {
    const client = await createClient({ url }).connect();
    return {
      async fetch(token) {
        const json = await client.get(`floor:${token}`);
        return json === null ? undefined : JSON.parse(json);
      },
      insert: (token, session) => client.set(`floor:${token}`, JSON.stringify(session), { EX: 86_400 }),
      remove: (token) => client.del(`floor:${token}`),
    };
  },

  /** Runs a prepared SELECT for each request. */
  async postgres(url) {
    const pool = new pg.Pool({ connectionString: url });
    await pool.query("create table if not exists floor (token text primary key, session jsonb not null)");
    return {
      async fetch(token) {
        const text = "select session from floor where token = $1";
        const { rows } = await pool.query({ name: "fetch", text, values: [token] });
        return rows[0]?.session;
      },
      insert: (token, session) => pool.query("insert into floor values ($1, $2)", [token, session]),
      remove: (token) => pool.query("delete from floor where token = $1", [token]),
    };
  },
};
