import { Readable } from "node:stream";
import {
  type ArgumentsHost,
  Body,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  type INestApplication,
  type MiddlewareConsumer,
  Module,
  Post,
  Redirect,
  Req,
  Res,
  Sse,
  StreamableFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from "@nestjs/common";
import { from, map } from "rxjs";
import { Manager } from "sessionup";
import { clientValidation } from "sessionup/client-validation";
import { type NestContext, nestSessions } from "sessionup/nest";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { PLATFORMS, running } from "./app.ts";

const sessions = nestSessions(new Manager(memoryStore()));

/** The members of the response that both platforms share. */
type CommonResponse = NestContext & {
  status(code: number): { send(body: unknown): unknown };
  header(name: string, value: string): unknown;
};

class Boom extends Error {}

@Catch(Boom)
class BoomFilter implements ExceptionFilter {
  catch(_boom: Boom, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<CommonResponse>().status(418).send({ boom: true });
  }
}

const wrapping = {
  intercept: (_context: ExecutionContext, next: CallHandler) => next.handle().pipe(map((data) => ({ data }))),
};

@Controller()
class ResponsesController {
  @Post("exception")
  async exception(@Res({ passthrough: true }) res: NestContext): Promise<void> {
    await sessions.init(res, "ann");
    throw new HttpException({ teapot: true }, 418);
  }

  @Post("filter")
  @UseFilters(BoomFilter)
  async filter(@Res({ passthrough: true }) res: NestContext): Promise<void> {
    await sessions.init(res, "ann");
    throw new Boom();
  }

  @Post("interceptor")
  @UseInterceptors(wrapping)
  async interceptor(@Res({ passthrough: true }) res: NestContext): Promise<unknown> {
    await sessions.init(res, "ann");
    return { wrapped: true };
  }

  @Post("late-interceptor")
  @UseInterceptors({
    async intercept(context: ExecutionContext, next: CallHandler) {
      await sessions.init(context.switchToHttp().getResponse(), "ann");
      return next.handle();
    },
  })
  lateInterceptor(): string {
    return "in";
  }

  @Post("file")
  async file(@Res({ passthrough: true }) res: NestContext): Promise<StreamableFile> {
    await sessions.init(res, "ann");
    return new StreamableFile(Readable.from(["one ", "two"], { objectMode: false }), { type: "text/x-own" });
  }

  @Post("redirect")
  @Redirect("/elsewhere", 302)
  async redirect(@Res({ passthrough: true }) res: NestContext): Promise<void> {
    await sessions.init(res, "ann");
  }

  @Post("own")
  async own(@Res() res: CommonResponse): Promise<void> {
    await sessions.init(res, "ann");
    res.status(202).send({ sent: true });
  }

  @Sse("events")
  @UseGuards(sessions.auth())
  events(): unknown {
    return from([{ data: "one" }, { data: "two" }]);
  }

  @Post("body")
  @UseGuards(sessions.auth())
  body(@Body() body: { text?: string }): unknown {
    return { length: body.text?.length };
  }

  @Post("login")
  async login(@Res({ passthrough: true }) res: NestContext): Promise<unknown> {
    return { ip: (await sessions.init(res, "ann")).ip };
  }

  @Post("request")
  async request(@Req() req: object): Promise<unknown> {
    return sessions.init(req as NestContext, "ann").catch(String);
  }

  @Post("twice")
  async twice(@Res({ passthrough: true }) res: CommonResponse): Promise<void> {
    await sessions.init(res, "ann");
    res.header("x-own", "1");
    await sessions.revoke(res);
    await sessions.init(res, "bob");
  }

  @Get("me")
  @UseGuards(sessions.auth())
  me(@Res({ passthrough: true }) res: NestContext): string {
    return sessions.require(res).userKey;
  }
}

const app = { controllers: [ResponsesController], imports: [sessions.module()] };
const account = (app: INestApplication) => app.use(sessionRoutes(sessions, { path: "/account" }));

describe.each(PLATFORMS)("the responses of nestSessions on %s", (platform) => {
  it.each<[path: string, status: number, body: string]>([
    ["exception", 418, '{"teapot":true}'],
    ["filter", 418, '{"boom":true}'],
    ["interceptor", 201, '{"data":{"wrapped":true}}'],
    ["late-interceptor", 201, "in"],
    ["file", 201, "one two"],
    ["redirect", 302, ""],
    ["own", 202, '{"sent":true}'],
  ])("the cookie is on the response of /%s", (path, status, body) =>
    running(app, platform, async (client) => {
      const answer = await client.post(`/${path}`);
      expect(answer.status).toBe(status);
      if (body) expect(answer.text).toBe(body);
      expect(answer.cookies).toHaveLength(1);
      expect((await client.get("/me")).text).toBe("ann");
    }),
  );

  it("auth guards a stream of server-sent events", () =>
    running(app, platform, async (client) => {
      expect((await client.get("/events")).status).toBe(401);
      await client.post("/login");
      expect((await client.get("/events")).text).toMatch(/data: one\n\n.*data: two\n\n/s);
    }));

  it("the last cookie of a request wins, and the app's own headers stay", () =>
    running(app, platform, async (client) => {
      const answer = await client.post("/twice");
      expect([answer.cookies.length, answer.headers.get("x-own")]).toEqual([1, "1"]);
      expect((await client.get("/me")).text).toBe("bob");
    }));

  it("a cookie that earlier middleware set stays", () =>
    running(
      app,
      platform,
      async (client) => {
        expect((await client.post("/login")).cookies).toHaveLength(2);
        expect(client.jar.get("theme")).toBe("dark");
        expect((await client.get("/me")).text).toBe("ann");
      },
      {
        prepare: (app) =>
          app.use(
            (
              _req: unknown,
              res: NestContext & { setHeader(name: string, value: string): void },
              next: () => void,
            ) => {
              res.setHeader("set-cookie", "theme=dark");
              next();
            },
          ),
      },
    ));

  it("Nest answers bodies that are too large or not JSON, and the user stays logged in", () =>
    running(app, platform, async (client, origin) => {
      await client.post("/login");
      for (const [body, status] of [
        [JSON.stringify({ text: "x".repeat(2_000_000) }), 413],
        ["{", 400],
        [JSON.stringify({ text: "four" }), 201],
      ] as const) {
        const headers = { "content-type": "application/json", cookie: client.cookieHeader() };
        const answer = await fetch(`${origin}/body`, { method: "POST", headers, body });
        expect([answer.status, answer.headers.getSetCookie()]).toEqual([status, []]);
      }
      expect((await client.get("/me")).text).toBe("ann");
    }));

  it("a guard answers HEAD requests, and OPTIONS requests belong to the app's CORS", () =>
    running(
      app,
      platform,
      async (client) => {
        expect((await client.send("HEAD", "/me")).status).toBe(401);
        const headers = { origin: "https://app.example", "access-control-request-method": "DELETE" };
        const asked = await client.send("OPTIONS", "/account/sessions", headers);
        expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([
          204,
          "https://app.example",
        ]);
      },
      {
        prepare: async (app) => {
          account(app);
          app.enableCors({ origin: "https://app.example" });
        },
      },
    ));

  describe("sessionRoutes on Nest", () => {
    it("the routes are found under their own path, independent of the global prefix", () =>
      running(
        app,
        platform,
        async (client) => {
          await client.post("/api/login");
          expect((await client.get("/api/account/session")).json()).toMatchObject({ userKey: "ann" });
          expect((await client.get("/account/session")).status).toBe(404);
          expect((await client.post("/api/account/logout")).status).toBe(204);
          expect(client.jar.size).toBe(0);
        },
        {
          prepare: (app) => {
            app.setGlobalPrefix("api");
            app.use(sessionRoutes(sessions, { path: "/api/account" }));
          },
        },
      ));

    it("a module's consumer can mount the routes", () => {
      @Module({ ...app })
      class ConsumingModule {
        configure(consumer: MiddlewareConsumer): void {
          consumer.apply(sessionRoutes(sessions, { path: "/account" })).forRoutes("account/*path");
        }
      }
      return running({ imports: [ConsumingModule] }, platform, async (client) => {
        await client.post("/login");
        expect((await client.get("/account/sessions")).status).toBe(200);
        expect((await client.get("/account/nothing")).status).toBe(404);
        expect((await client.post("/account/logout-all")).status).toBe(200);
        expect((await client.get("/me")).status).toBe(401);
      });
    });
  });

  describe("the client address in nestSessions", () => {
    const headers = { "x-forwarded-for": "203.0.113.9" };

    it("the address is the connection's by default", () =>
      running(app, platform, async (client) => {
        expect((await client.post("/login", headers)).json()).toEqual({ ip: "127.0.0.1" });
      }));

    it("the address is the platform's when the app trusts proxies, in handlers and in the ready-made routes", () => {
      const own = nestSessions(new Manager(memoryStore(), { validate: clientValidation({ ip: true }) }));
      @Controller()
      class OwnController {
        @Post("login")
        async login(@Res({ passthrough: true }) res: NestContext): Promise<unknown> {
          return { ip: (await own.init(res, "ann")).ip };
        }
      }
      const prepare = (app: INestApplication) => app.use(sessionRoutes(own));
      return running(
        { controllers: [OwnController] },
        platform,
        async (client) => {
          expect((await client.post("/login", headers)).json()).toEqual({ ip: "203.0.113.9" });
          expect((await client.get("/session", headers)).status).toBe(200);
          const elsewhere = await client.get("/session", { "x-forwarded-for": "198.51.100.1" });
          expect(elsewhere.json()).toEqual({ error: "unauthorized", reason: "client_changed" });
        },
        { trustProxy: true, prepare },
      );
    });

    it("the manager's trustProxy finds the address when the app trusts no proxy", () => {
      const own = nestSessions(new Manager(memoryStore(), { trustProxy: 1 }));
      @Controller()
      class OwnController {
        @Post("login")
        async login(@Res({ passthrough: true }) res: NestContext): Promise<unknown> {
          return { ip: (await own.init(res, "ann")).ip };
        }
      }
      return running({ controllers: [OwnController] }, platform, async (client) => {
        expect((await client.post("/login", headers)).json()).toEqual({ ip: "203.0.113.9" });
      });
    });
  });

  it("a request as the context throws an error that asks for the response", () =>
    running(app, platform, async (client) => {
      expect((await client.post("/request")).text).toMatch(
        /^TypeError: sessionup\/nest: the context must be the platform.s response.*@Res\(\{ passthrough: true \}\)/,
      );
    }));
});

describe("nestSessions", () => {
  it.each([{}, { request: {} }])("%j is rejected as a response", async (context) => {
    await expect(sessions.get(context as never)).rejects.toThrow(
      /^sessionup\/nest: the context must be the platform.s response/,
    );
  });

  it("a guard on a gateway throws an error that names the ws context", async () => {
    const host = { getType: () => "ws" } as ExecutionContext;
    await expect(sessions.auth().canActivate(host)).rejects.toThrow(
      /^sessionup\/nest: a "ws" context has no response that could carry a cookie/,
    );
  });
});
