import { type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { type FastifyContext, fastifySessions } from "sessionup/fastify";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expectTypeOf, it } from "vitest";

const manager = new Manager(memoryStore());
const sessions = fastifySessions(manager);

describe("sessionup/fastify", () => {
  it("fits an app and keeps its type inference", () => {
    const app = fastify({ logger: true });
    app.addHook("onRequest", sessions.public());
    app.register(sessionRoutes(sessions, { path: "/account" }));
    app.register(sessionRoutes(sessions), { prefix: "/account" });
    app.get<{ Params: { id: string }; Reply: { 200: { id: string }; 404: string } }>(
      "/users/:id",
      { preHandler: [sessions.public(), sessions.auth()] },
      async (request, reply) => {
        expectTypeOf(request.params.id).toEqualTypeOf<string>();
        expectTypeOf(sessions.require(reply)).toEqualTypeOf<Session>();
        expectTypeOf(sessions.current(reply)).toEqualTypeOf<Session | undefined>();
        // @ts-expect-error the reply keeps its own types
        if (request.params.id === "") return reply.code(200).send(1);
        return reply.code(200).send({ id: request.params.id });
      },
    );
    app.get<{ Reply: { id: number } }>("/typed", { onRequest: sessions.auth() }, async (_request, reply) => {
      await sessions.init(reply, "user-1");
      return { id: 1 };
    });
    // @ts-expect-error a request is not a context
    app.get("/", async (request) => sessions.get(request));
  });

  it("fits an app over HTTP/2 and over HTTPS", () => {
    const secure = fastify({ http2: true, https: {} });
    secure.addHook("preHandler", sessions.auth());
    secure.register(sessionRoutes(sessions, { path: "/account" }));
    secure.get("/", { onRequest: sessions.public() }, async (_request, reply) => sessions.require(reply));
    const plain = fastify({ http2: true });
    plain.addHook("onRequest", sessions.auth());
    plain.register(sessionRoutes(sessions));
    plain.get("/", { preValidation: sessions.auth() }, async (_request, reply) => sessions.require(reply));
    const https = fastify({ https: {} });
    https.addHook("onRequest", sessions.auth());
    https.register(sessionRoutes(sessions));
    https.get("/", { preHandler: sessions.auth() }, async (_request, reply) => sessions.require(reply));
  });

  it("fits hooks, plugins and handlers that are declared separately", () => {
    const app = fastify();
    app.addHook("onSend", async (_request, reply) => void sessions.current(reply));
    app.addHook("onError", async (_request, reply) => void sessions.current(reply));
    app.setErrorHandler((_error, _request, reply) => void sessions.current(reply));
    app.setNotFoundHandler({ preHandler: sessions.public() }, (_request, reply) => sessions.current(reply));
    const list = async (_request: FastifyRequest, reply: FastifyReply) => sessions.fetchAll(reply);
    app.get("/", list);
    expectTypeOf<FastifyReply>().toExtend<FastifyContext>();
  });

  it("lets reject declare Fastify's own types", () => {
    fastifySessions(manager, {
      reject: (error, request: FastifyRequest, reply: FastifyReply) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        return reply.redirect(`/login?next=${request.url}`);
      },
    });
    // @ts-expect-error unknown option
    fastifySessions(manager, { refuse: () => {} });
  });

  it("infers the metadata", () => {
    const app = fastify();
    const own = fastifySessions(new Manager(memoryStore(), { meta: typed<{ role: string }>() }));
    app.get("/", async (_request, reply) => {
      await own.init(reply, "user-1", { meta: { role: "admin" } });
      // @ts-expect-error the metadata is required
      await own.init(reply, "user-1");
      expectTypeOf(own.require(reply).meta.role).toEqualTypeOf<string>();
    });
  });
});
