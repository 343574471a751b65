import cookie from "@fastify/cookie";
import session from "@fastify/session";

/**
 * Without `saveUninitialized`, as its documentation advises for the law's sake, and without `rolling`, which would set
 * the cookie anew with every response: that is the cheaper for it, and what the others do.
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
