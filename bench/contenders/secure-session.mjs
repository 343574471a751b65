import { randomBytes } from "node:crypto";
import secureSession from "@fastify/secure-session";

export const fastify = () => ({
  stateless: true,
  async use(app) {
    await app.register(secureSession, { key: randomBytes(32), expiry: 86_400, cookie: { path: "/" } });
  },
  async guard(request, reply) {
    if (!request.session.get("user")) return reply.code(401).send();
  },
  userKey: (request) => request.session.get("user"),
  async login(userKey, request) {
    request.session.regenerate();
    request.session.set("user", userKey);
  },
  async logout(request) {
    request.session.delete();
  },
});
