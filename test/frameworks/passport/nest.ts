import {
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Module,
  Post,
  Req,
  type Type,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { AuthGuard } from "@nestjs/passport";
import { ExpressAdapter, type NestExpressApplication } from "@nestjs/platform-express";
import type { Request, Response } from "express";
import passport from "passport";
import { type NestContext, nestSessions } from "sessionup/nest";
import { connectPassport, oauth2StateStore } from "sessionup/passport";
import { type AppParts, createLocalStrategy, createOAuthStrategy } from "./parts.ts";

/** Returns a guard that signs in with a strategy, and begins a session. */
function loginGuard(strategy: string): Type {
  return class LoginGuard extends AuthGuard(strategy) {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      await super.canActivate(context);
      const request = context.switchToHttp().getRequest<Request>();
      const keepSessionInfo = request.query.keep === "yes";
      await new Promise<void>((resolve, reject) => {
        request.logIn(request.user as Express.User, { session: true, keepSessionInfo }, (error) =>
          error ? reject(error) : resolve(),
        );
      });
      return true;
    }

    override getAuthenticateOptions() {
      return { state: { returnTo: "/settings" } } as never;
    }
  };
}

type Decorator = (target: object, key: string, descriptor: PropertyDescriptor) => void;

/** Creates the app with NestJS on Express. @nestjs/passport uses the instance that Passport exports. */
export async function createNestApp(parts: AppParts): Promise<NestExpressApplication> {
  const sessions = nestSessions(parts.manager);
  connectPassport(passport, sessions, {
    findUser: (userKey) => parts.users.get(userKey),
    toUserKey: (user) => user.id,
    init: (_user, request: Request) => ({
      meta: { by: request.path === "/login" ? "password" : "provider" },
    }),
  });
  const store = oauth2StateStore(sessions);
  passport.use(createLocalStrategy(parts));
  passport.use(createOAuthStrategy(parts, store));
  passport.use("other", createOAuthStrategy(parts, store, "other"));

  const who = ({ user, authInfo }: Request) => ({ user: user?.id, info: authInfo });
  const responseOf = (request: Request) => request.res as Response & NestContext;
  const logOut = (request: Request) =>
    new Promise<void>((resolve, reject) => {
      const keepSessionInfo = request.query.keep === "yes";
      request.logout({ keepSessionInfo }, (error) => (error ? reject(error) : resolve()));
    });

  class AccountController {}
  Controller()(AccountController);
  const route = (path: string, run: (request: Request) => unknown, ...decorators: unknown[]) => {
    const target = AccountController.prototype;
    Object.defineProperty(target, path, { value: run });
    Req()(target, path, 0);
    const descriptor = Object.getOwnPropertyDescriptor(target, path) as PropertyDescriptor;
    for (const decorator of decorators) (decorator as Decorator)(target, path, descriptor);
  };
  route("login", () => undefined, Post("login"), HttpCode(204), UseGuards(loginGuard("local")));
  route(
    "me",
    (request) => {
      const meta = sessions.current(responseOf(request))?.meta;
      return { user: request.user?.id, authenticated: request.isAuthenticated(), meta };
    },
    Get("me"),
  );
  route(
    "theme",
    (request) => sessions.updateMeta(responseOf(request), (meta) => ({ ...meta, theme: "dark" })),
    Post("theme"),
  );
  route("logout", (request) => logOut(request).then(() => who(request)), Post("logout"));
  route(
    "logout-everywhere",
    async (request) => {
      await sessions.revokeAll(responseOf(request));
      await logOut(request);
    },
    Post("logout-everywhere"),
  );
  route("oauth", () => undefined, Get("oauth"), UseGuards(loginGuard("oauth2")));
  route("oauth/callback", (request) => who(request), Get("oauth/callback"), UseGuards(loginGuard("oauth2")));
  route("other/callback", (request) => who(request), Get("other/callback"), UseGuards(loginGuard("other")));

  class AppModule {}
  Module({ imports: [sessions.module()], controllers: [AccountController] })(AppModule);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), {
    logger: false,
    abortOnError: false,
  });
  app.use(passport.session());
  await app.init();
  return app;
}
