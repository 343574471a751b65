import { Readable } from "node:stream";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { type FastifyContext, fastifySessions } from "sessionup/fastify";
import { sessionRoutes } from "sessionup/routes";
import type { ContractApp, ContractReply } from "sessionup/testing";

/** Creates the contract's app on Fastify. */
export function fastifyApp({
  manager,
  admins,
  reject,
  routes,
}: ContractApp<FastifyContext>): FastifyInstance {
  const sessions = fastifySessions(manager);
  const adminSessions = fastifySessions(admins);
  const throwing = fastifySessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  const app = fastify();
  app.register(sessionRoutes(sessions, { path: "/account" }));
  for (const { method, path, guard, options, run } of routes(sessions, adminSessions)) {
    app.route({
      method,
      url: path,
      preHandler: guard ? guards[guard](options) : [],
      handler: async (request, reply) => {
        const query = new URL(request.url, "http://localhost").searchParams;
        return send(reply, await run(reply, query));
      },
    });
  }
  return app;
}

/** Starts a server that one test uses and closes. */
export async function listening(
  app: Pick<FastifyInstance, "listen" | "close">,
): Promise<{ origin: string; close(): Promise<void> }> {
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  return { origin, close: async () => void (await app.close()) };
}

function send(
  reply: FastifyReply,
  { status = 200, json, redirect, stream, cookie, headers = {}, failure }: ContractReply,
): FastifyReply {
  reply.headers(headers);
  if (failure) throw failure;
  if (cookie) reply.header("set-cookie", cookie.join("="));
  if (redirect) return reply.redirect(redirect, 303);
  if (stream) return reply.send(Readable.from(stream));
  return reply
    .code(status)
    .header("content-type", "application/json")
    .send(JSON.stringify(json ?? null));
}
