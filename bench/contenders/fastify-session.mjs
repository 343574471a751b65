import cookie from "@fastify/cookie";
import session from "@fastify/session";

/**
 * `saveUninitialized` is off, as the documentation advises for legal reasons. `rolling` is off: it would set the cookie with every
 * response, which costs more and which the others do not do.
 */
export const fastify = () => ({
  async use(app) {
    await app.register(cookie);
    await app.register(session, {
      secret: "a secret with minimum length of 32 characters",
      cookie: { secure: false, maxAge: 86_400_000 },
      saveUninitialized: false,
      rolling: false,
    });
  },
  async guard(request, reply) {
    if (!request.session.user) return reply.code(401).send();
  },
  userKey: (request) => request.session.user,
  async login(userKey, request) {
    await request.session.regenerate();
    request.session.user = userKey;
  },
  logout: (request) => request.session.destroy(),
});
