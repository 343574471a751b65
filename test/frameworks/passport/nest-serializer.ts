import { Controller, type ExecutionContext, Get, Module, Post, Req, UseGuards } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import { AuthGuard, PassportSerializer } from "@nestjs/passport";
import { ExpressAdapter, type NestExpressApplication } from "@nestjs/platform-express";
import type { Request } from "express";
import passport from "passport";
import { nestSessions } from "sessionup/nest";
import { connectPassport } from "sessionup/passport";
import { type AppParts, createLocalStrategy, type Meta } from "./parts.ts";

type Decorator = (target: object, key: string, descriptor: PropertyDescriptor) => void;

/** Creates an app whose guard requires a session, with the guard and the serializer of @nestjs/passport. */
export async function createSerializerApp(parts: AppParts): Promise<NestExpressApplication> {
  const sessions = nestSessions(parts.manager);
  const meta: Meta = { by: "password" };
  connectPassport(passport, sessions, { init: () => ({ meta }) });
  passport.use(createLocalStrategy(parts));

  class Serializer extends PassportSerializer {
    serializeUser(user: Express.User, done: (error: unknown, id: string) => void): void {
      done(null, user.id);
    }
    deserializeUser(id: string, done: (error: unknown, user: Express.User | false) => void): void {
      done(null, parts.users.get(id) ?? false);
    }
  }

  class LoginGuard extends AuthGuard("local") {
    override async canActivate(context: ExecutionContext): Promise<boolean> {
      await super.canActivate(context);
      await super.logIn(context.switchToHttp().getRequest());
      return true;
    }
  }

  class AccountController {
    login(): void {}
    me(request: Request) {
      return { user: request.user?.id };
    }
  }
  Controller()(AccountController);
  const { prototype } = AccountController;
  const decorate = (key: "login" | "me", ...decorators: readonly unknown[]) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
    for (const decorator of decorators) (decorator as Decorator)(prototype, key, descriptor);
  };
  decorate("login", Post("login"), sessions.Open(), UseGuards(LoginGuard));
  Req()(prototype, "me", 0);
  decorate("me", Get("me"));

  class AppModule {}
  Module({
    imports: [sessions.module()],
    controllers: [AccountController],
    providers: [Serializer, { provide: APP_GUARD, useValue: sessions.appGuard() }],
  })(AppModule);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), {
    logger: false,
    abortOnError: false,
  });
  app.use(passport.session());
  await app.init();
  return app;
}
