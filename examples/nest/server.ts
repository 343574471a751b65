import { Controller, Get, HttpCode, Module, Post, Query, Res } from "@nestjs/common";
import { APP_GUARD, NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { Manager, type Session } from "sessionup";
import { type NestContext, nestSessions } from "sessionup/nest";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";

const sessions = nestSessions(new Manager(memoryStore(), { idleTimeout: "30m" }));

@Controller()
class AppController {
  @Get()
  @sessions.Open()
  home(@sessions.CurrentSession({ optional: true }) session: Session | undefined): string {
    return `Hello, ${session?.userKey ?? "stranger"}\n`;
  }

  // A real app checks a password first.
  @Post("login")
  @sessions.Open()
  @HttpCode(200)
  async login(@Query("name") name: string, @Res({ passthrough: true }) res: NestContext): Promise<string> {
    await sessions.init(res, name || "ann");
    return "welcome\n";
  }

  @Get("devices")
  devices(@Res({ passthrough: true }) res: NestContext): Promise<readonly Session[]> {
    return sessions.fetchAll(res);
  }

  @Post("logout")
  @sessions.Open()
  @HttpCode(200)
  async logout(@Res({ passthrough: true }) res: NestContext): Promise<string> {
    await sessions.revoke(res);
    return "goodbye\n";
  }
}

@Module({
  imports: [sessions.module()],
  controllers: [AppController],
  // Every route requires a session, except those marked with @sessions.Open().
  providers: [{ provide: APP_GUARD, useValue: sessions.appGuard() }],
})
class AppModule {}

const adapter = process.env.PLATFORM === "fastify" ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { logger: ["error", "warn"] });
app.use(sessionRoutes(sessions, { path: "/account" }));
await app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1");
console.log(await app.getUrl());
