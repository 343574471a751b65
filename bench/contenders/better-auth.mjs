import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders } from "better-auth/node";
import pg from "pg";
import { createClient } from "redis";

const SESSION = Symbol("session");
const PASSWORD = "correct horse";

/** Users are in memory, except with PostgreSQL. */
const inMemory = () => memoryAdapter({ user: [], session: [], account: [], verification: [] });

const DATABASES = {
  memory: () => ({ database: inMemory() }),
  async redis(url) {
    const client = await createClient({ url }).connect();
    return {
      database: inMemory(),
      secondaryStorage: {
        get: (key) => client.get(key),
        set: (key, value, ttl) => client.set(key, value, ttl ? { EX: ttl } : {}),
        delete: (key) => client.del(key),
      },
    };
  },
  postgres: (url) => ({ database: new pg.Pool({ connectionString: url }) }),
};

/** Uses the defaults, with a lookup for each request. The optional cookie cache is off because it would outlive every logout. */
export const node = async ({ kind, url }) => {
  const options = {
    ...(await DATABASES[kind](url)),
    secret: "a secret of more than thirty-two characters, 0123456789",
    baseURL: "http://localhost:3000",
    logger: { disabled: true },
    emailAndPassword: {
      enabled: true,
      // The cost of a real password hash would hide the cost of sessions.
      password: {
        hash: async (password) => password,
        verify: async ({ hash, password }) => hash === password,
      },
    },
  };
  const auth = betterAuth(options);
  if (kind === "postgres") await (await getMigrations(options)).runMigrations();
  const known = new Set();
  const headersOf = (request) => fromNodeHeaders(request.headers);

  return {
    async guard(request, response, next) {
      const session = await auth.api.getSession({ headers: headersOf(request) });
      if (session) {
        request[SESSION] = session;
        next();
        return;
      }
      response.statusCode = 401;
      response.end();
    },
    userKey: (request) => request[SESSION].user.name,
    /** Registers the user on the first login. */
    async login(userKey, request, response) {
      const body = { email: `${userKey}.${process.pid}@example.com`, password: PASSWORD };
      const { headers } = known.has(userKey)
        ? await auth.api.signInEmail({ body, headers: headersOf(request), returnHeaders: true })
        : await auth.api.signUpEmail({
            body: { ...body, name: userKey },
            headers: headersOf(request),
            returnHeaders: true,
          });
      known.add(userKey);
      response.setHeader("set-cookie", headers.getSetCookie());
    },
    logout: (request) => auth.api.signOut({ headers: headersOf(request) }),
    list: async (request) => (await auth.api.listSessions({ headers: headersOf(request) })).length,
    revokeOthers: (request) => auth.api.revokeOtherSessions({ headers: headersOf(request) }),
  };
};
