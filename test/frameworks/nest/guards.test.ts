import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  HttpException,
  Inject,
  Injectable,
  Post,
  Query,
  Res,
  UnauthorizedException,
  UseFilters,
  UseGuards,
} from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import { Manager, type Session, SessionError, typed } from "sessionup";
import { type NestContext, type NestSessions, nestSessions } from "sessionup/nest";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { SwitchableStore } from "../../../src/testing/adapter/fixture.ts";
import { PLATFORMS, running } from "./app.ts";

const store = new SwitchableStore();
const clock = new TestClock();
const manager = new Manager(store, { clock: clock.now, maxSessions: { max: 2, onExceed: "reject" } });
const sessions = nestSessions(manager);
const seen: unknown[] = [];

const NO_COOKIE = { error: "unauthorized", reason: "no_cookie" };

/** The members of the response that both platforms share. */
type CommonResponse = NestContext & { status(code: number): { send(body: unknown): unknown } };

@Injectable()
class Greeter {
  readonly #sessions: NestSessions;

  constructor(@Inject(sessions.token) methods: NestSessions) {
    this.#sessions = methods;
  }

  async greeting(response: NestContext): Promise<string> {
    return `Hello, ${(await this.#sessions.get(response))?.userKey ?? "stranger"}`;
  }
}

@Controller()
class LoginController {
  readonly greeter: Greeter;

  constructor(@Inject(Greeter) greeter: Greeter) {
    this.greeter = greeter;
  }

  @Post("login")
  @sessions.Open()
  async login(@Res({ passthrough: true }) res: NestContext, @Query("user") user = "ann"): Promise<Session> {
    return sessions.init(res, user);
  }

  @Get("greeting")
  greeting(@Res({ passthrough: true }) res: NestContext): Promise<string> {
    return this.greeter.greeting(res);
  }

  @Get("required")
  required(@sessions.CurrentSession() session: Session): string {
    return session.userKey;
  }

  @Get("optional")
  optional(@sessions.CurrentSession({ optional: true }) session: Session | undefined): unknown {
    return { user: session?.userKey ?? null };
  }

  @Get("both")
  async both(
    @Query("a") a: string,
    @sessions.CurrentSession() session: Session,
    @Res({ passthrough: true }) res: NestContext,
  ): Promise<unknown> {
    return [a, session.userKey, sessions.current(res) === session];
  }

  @Get("thrown")
  @UseGuards(sessions.public())
  thrown(@Res({ passthrough: true }) res: NestContext): string {
    return sessions.require(res).userKey;
  }

  @Post("late")
  late(): void {
    throw new SessionError("ERR_HEADERS_SENT", "too late");
  }

  @Get("broken")
  broken(): void {
    throw new RangeError("thrown by the app");
  }
}

@Controller("closed")
class ClosedController {
  @Get()
  get(@Res({ passthrough: true }) res: NestContext): string {
    return sessions.require(res).userKey;
  }

  @Get("open")
  @sessions.Open()
  open(@Res({ passthrough: true }) res: NestContext): string {
    return sessions.current(res)?.userKey ?? "stranger";
  }
}

@Controller("callback")
@sessions.Open()
class CallbackController {
  @Post()
  @sessions.Open({ crossOrigin: "allow" })
  async post(@Res({ passthrough: true }) res: NestContext): Promise<string> {
    return (await sessions.init(res, "ann")).userKey;
  }

  @Post("closed")
  closed(): string {
    return "not for pages of other origins";
  }
}

@Controller("opened")
@sessions.Open()
class OpenController {
  @Get()
  get(@Res({ passthrough: true }) res: NestContext): string {
    return sessions.current(res)?.userKey ?? "stranger";
  }

  @Get("but-not-this")
  @UseGuards(sessions.auth())
  butNotThis(): string {
    return "secret";
  }
}

class HeirController extends OpenController {}
Controller("heir")(HeirController);

const app = { imports: [sessions.module()], controllers: [LoginController], providers: [Greeter] };
const guarded = {
  ...app,
  controllers: [LoginController, ClosedController, OpenController, HeirController, CallbackController],
  providers: [Greeter, { provide: APP_GUARD, useValue: sessions.appGuard() }],
};

beforeEach(async () => {
  store.down = false;
  for (const user of ["ann", "max"]) await manager.revokeByUserKey(user);
});

describe.each(PLATFORMS)("nestSessions on %s", (platform) => {
  describe("module()", () => {
    it("the module provides the methods to every module, by a token", () =>
      running(app, platform, async (client) => {
        expect((await client.get("/greeting")).text).toBe("Hello, stranger");
        await client.post("/login");
        expect((await client.get("/greeting")).text).toBe("Hello, ann");
      }));

    it("a test can provide a fake under the token", () => {
      const providers = [
        Greeter,
        { provide: sessions.token, useValue: { get: async () => ({ userKey: "fake" }) } },
      ];
      return running({ controllers: [LoginController], providers }, platform, async (client) => {
        expect((await client.get("/greeting")).text).toBe("Hello, fake");
      });
    });

    it("the module answers a SessionError with its status and leaves other errors to Nest", () =>
      running(app, platform, async (client) => {
        const rejected = await client.get("/thrown");
        expect([rejected.status, rejected.json()]).toEqual([401, NO_COOKIE]);
        expect(rejected.headers.get("cache-control")).toBe("no-store");
        for (const user of ["max", "max"]) await client.post(`/login?user=${user}`, { cookie: "" });
        const full = await client.post("/login?user=max", { cookie: "" });
        expect([full.status, full.json()]).toEqual([409, { error: "too_many_sessions" }]);
        await client.post("/login");
        store.down = true;
        const down = await client.get("/greeting");
        store.down = false;
        expect([down.status, down.json(), down.cookies]).toEqual([503, { error: "unavailable" }, []]);
        expect(down.headers.get("retry-after")).toBe("5");
        expect((await client.get("/broken")).status).toBe(500);
        const late = await client.post("/late");
        expect([late.status, late.json()]).toEqual([
          500,
          { statusCode: 500, message: "Internal server error" },
        ]);
      }));

    it("without the module, Nest answers a SessionError with 500", () =>
      running(
        { ...app, imports: [], providers: [Greeter, { provide: sessions.token, useValue: sessions }] },
        platform,
        async (client) => {
          expect((await client.get("/thrown")).status).toBe(500);
        },
      ));
  });

  describe("CurrentSession", () => {
    it("CurrentSession is the session without a guard, and it is loaded once", () =>
      running(app, platform, async (client) => {
        await client.post("/login");
        store.calls = 0;
        expect((await client.get("/both?a=1")).json()).toEqual(["1", "ann", true]);
        expect(store.calls).toBe(1);
      }));

    it("CurrentSession rejects an unauthenticated request, or is undefined when it is optional", () =>
      running(app, platform, async (client) => {
        const rejected = await client.get("/required");
        expect([rejected.status, rejected.json()]).toEqual([401, NO_COOKIE]);
        expect((await client.get("/optional")).json()).toEqual({ user: null });
        await client.post("/login");
        expect((await client.get("/required")).text).toBe("ann");
        expect((await client.get("/optional")).json()).toEqual({ user: "ann" });
      }));

    it("CurrentSession rejects with 503 when the store does not answer, also when it is optional", () =>
      running(app, platform, async (client) => {
        await client.post("/login");
        store.down = true;
        for (const path of ["/required", "/optional"]) {
          const answer = await client.get(path);
          expect([answer.status, answer.json(), answer.headers.get("retry-after")]).toEqual([
            503,
            { error: "unavailable" },
            "5",
          ]);
        }
        store.down = false;
      }));
  });

  describe("appGuard", () => {
    it('crossOrigin: "allow" in Open applies only to the handler that is marked with it', () =>
      running(guarded, platform, async (client) => {
        const cross = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
        for (const path of ["/callback/closed", "/login"]) {
          const rejected = await client.post(path, cross);
          expect([rejected.status, rejected.json()], path).toEqual([403, { error: "forbidden" }]);
        }
        expect((await client.post("/callback/closed")).status).toBe(201);
        expect((await client.post("/callback", cross)).text).toBe("ann");
        expect((await client.get("/closed")).text).toBe("ann");
      }));

    it("appGuard closes every route except those marked with Open", () =>
      running(guarded, platform, async (client) => {
        expect((await client.get("/closed")).json()).toEqual(NO_COOKIE);
        expect((await client.get("/greeting")).status).toBe(401);
        expect((await client.get("/closed/open")).text).toBe("stranger");
        expect((await client.get("/opened")).text).toBe("stranger");
        await client.post("/login");
        for (const path of ["/closed", "/closed/open", "/opened", "/required"]) {
          expect((await client.get(path)).text, path).toBe("ann");
        }
      }));

    it("Open does not open a handler that is guarded by auth", () =>
      running(guarded, platform, async (client) => {
        const answer = await client.get("/opened/but-not-this");
        expect([answer.status, answer.json()]).toEqual([401, NO_COOKIE]);
      }));

    it("an inherited Open does not open a subclass", () =>
      running(guarded, platform, async (client) => {
        expect((await client.get("/heir")).status).toBe(401);
      }));
  });

  describe("nestSessions with reject", () => {
    it("an exception filter receives Nest's own exception, with the SessionError as its cause", () => {
      @Catch(UnauthorizedException)
      class ToLogin implements ExceptionFilter {
        catch(exception: UnauthorizedException, host: ArgumentsHost): void {
          const { cause } = exception;
          seen.push(SessionError.is(cause) && cause.reason);
          host.switchToHttp().getResponse<CommonResponse>().status(418).send("log in first");
        }
      }
      @Controller()
      @UseFilters(ToLogin)
      class FilteredController {
        @Get("me")
        @UseGuards(sessions.auth())
        me(): string {
          return "me";
        }
      }
      const controllers = [LoginController, FilteredController];
      return running({ ...app, controllers }, platform, async (client) => {
        await client.post("/login");
        clock.advance("24h");
        const answer = await client.get("/me");
        expect([answer.status, answer.text]).toEqual([418, "log in first"]);
        expect(seen.splice(0)).toEqual(["expired"]);
        // The expired cookie is also cleared on the filter's response.
        expect(client.jar.size).toBe(0);
      });
    });

    it("the exception that reject returns answers guards, parameters and methods", () => {
      const hosts: string[] = [];
      const own = nestSessions(new Manager(store, { clock: clock.now }), {
        reject: async (error, host) => {
          hosts.push(host.getType());
          return new HttpException({ oops: error.code, by: "me" }, error.status + 1);
        },
      });
      @Controller()
      class OwnController {
        @Get("guard")
        @UseGuards(own.auth())
        guard(): string {
          return "secret";
        }
        @Get("parameter")
        parameter(@own.CurrentSession() session: Session): string {
          return session.userKey;
        }
        @Get("method")
        @UseGuards(own.public())
        method(@Res({ passthrough: true }) res: NestContext): string {
          return own.require(res).userKey;
        }
      }
      return running({ imports: [own.module()], controllers: [OwnController] }, platform, async (client) => {
        for (const path of ["/guard", "/parameter", "/method"]) {
          const answer = await client.get(path);
          expect([answer.status, answer.json()]).toEqual([402, { oops: "ERR_UNAUTHORIZED", by: "me" }]);
        }
        expect(hosts).toEqual(["http", "http", "http"]);
      });
    });

    it("a reject that returns no exception answers 500 and does not run the handler", () => {
      const own = nestSessions(manager, { reject: (() => undefined) as never });
      @Catch()
      class ShowException implements ExceptionFilter {
        catch(exception: unknown, host: ArgumentsHost): void {
          host.switchToHttp().getResponse<CommonResponse>().status(500).send(String(exception));
        }
      }
      @Controller()
      @UseFilters(ShowException)
      class OwnController {
        @Get()
        @UseGuards(own.auth())
        get(): string {
          return "secret";
        }
      }
      return running({ controllers: [OwnController] }, platform, async (client) => {
        const answer = await client.get("/");
        expect([answer.status, answer.text]).toEqual([
          500,
          "TypeError: nestSessions.reject must return the HttpException to reject the request with.",
        ]);
      });
    });
  });

  it("two managers keep their sessions apart, with both modules in one app", () => {
    const common = memoryStore();
    const users = nestSessions(new Manager(common, { meta: typed<{ theme: string }>() }));
    const admins = nestSessions(new Manager(common, { cookie: { name: "admin" } }));
    @Controller()
    class TwoController {
      readonly methods: readonly unknown[];

      constructor(@Inject(users.token) one: object, @Inject(admins.token) two: object) {
        this.methods = [one, two];
      }

      @Post("login")
      async login(@Res({ passthrough: true }) res: NestContext): Promise<void> {
        await users.init(res, "ann", { meta: { theme: "dark" } });
        await admins.init(res, "root");
      }
      @Get()
      @UseGuards(users.auth(), admins.auth())
      get(
        @admins.CurrentSession() admin: Session,
        @users.CurrentSession() user: Session<{ theme: string }>,
      ): unknown {
        return [admin.userKey, user.userKey, user.meta.theme, this.methods[0] === this.methods[1]];
      }
    }
    const imports = [users.module(), admins.module()];
    return running({ imports, controllers: [TwoController] }, platform, async (client) => {
      expect((await client.post("/login")).cookies).toHaveLength(2);
      expect((await client.get("/")).json()).toEqual(["root", "ann", "dark", false]);
      client.jar.delete("__Host-admin");
      expect((await client.get("/")).json()).toEqual(NO_COOKIE);
    });
  });

  it("nestSessions works with a manager that the container creates", () => {
    const SESSIONS = Symbol("sessions");
    @Injectable()
    class AuthGuard {
      readonly canActivate: (context: ExecutionContext) => unknown;

      constructor(@Inject(SESSIONS) own: NestSessions) {
        const guard = own.auth();
        this.canActivate = (context) => guard.canActivate(context);
      }
    }
    @Controller()
    class MadeController {
      readonly own: NestSessions;

      constructor(@Inject(SESSIONS) own: NestSessions) {
        this.own = own;
      }

      @Post("login")
      async login(@Res({ passthrough: true }) res: NestContext): Promise<void> {
        await this.own.init(res, "ann");
      }
      @Get()
      @UseGuards(AuthGuard)
      get(@Res({ passthrough: true }) res: NestContext): string {
        return this.own.require(res).userKey;
      }
    }
    const providers = [
      { provide: "NAME", useFactory: async () => "made" },
      {
        provide: SESSIONS,
        inject: ["NAME"],
        useFactory: (name: string) => nestSessions(new Manager(memoryStore(), { cookie: { name } })),
      },
    ];
    return running({ controllers: [MadeController], providers }, platform, async (client) => {
      expect((await client.get("/")).status).toBe(401);
      await client.post("/login");
      expect([...client.jar.keys()]).toEqual(["__Host-made"]);
      expect((await client.get("/")).text).toBe("ann");
    });
  });
});

describe("nestSessions", () => {
  it("nestSessions rejects unknown options", () => {
    expect(() => nestSessions(manager, { rejects: () => new HttpException("", 401) } as never)).toThrow(
      /^"rejects" is not an option of nestSessions\. The options are reject\.$/,
    );
  });
});
