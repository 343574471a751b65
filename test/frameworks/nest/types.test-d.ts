import { Controller, Get, Inject, Module, Param, Res, UseGuards } from "@nestjs/common";
import { APP_GUARD } from "@nestjs/core";
import type { Response } from "express";
import type { FastifyReply } from "fastify";
import { Manager, type Session, typed } from "sessionup";
import { type NestSessions, nestSessions } from "sessionup/nest";
import { memoryStore } from "sessionup/stores/memory";

const sessions = nestSessions(new Manager(memoryStore()));
const admins = nestSessions(new Manager(memoryStore(), { meta: typed<{ role: string }>() }));

@Controller("devices")
@UseGuards(sessions.auth())
export class DevicesController {
  readonly methods: NestSessions;

  constructor(@Inject(sessions.token) methods: NestSessions) {
    this.methods = methods;
  }

  @Get()
  list(@Res({ passthrough: true }) response: Response): Promise<readonly Session[]> {
    return this.methods.fetchAll(response);
  }

  @Get("fastify")
  listOfFastify(@Res({ passthrough: true }) reply: FastifyReply): Promise<readonly Session[]> {
    return sessions.fetchAll(reply);
  }

  @Get("me")
  me(@sessions.CurrentSession() session: Session, @Param("id") _id: string): string {
    return session.userKey;
  }

  @Get("maybe")
  @sessions.Open()
  maybe(@sessions.CurrentSession({ optional: true }) session: Session | undefined): string {
    return session?.userKey ?? "stranger";
  }

  // A parameter may have a wider type.
  @Get("wider")
  wider(@sessions.CurrentSession() session: { readonly userKey: string } | undefined): string {
    return session?.userKey ?? "";
  }

  @Get("admin")
  admin(
    @admins.CurrentSession() admin: Session<{ role: string }>,
    @Param("id") _id: string,
    @sessions.CurrentSession() session: Session,
  ): string {
    return admin.meta.role + session.userKey;
  }

  // @ts-expect-error there may be no session
  wrongOptional(@sessions.CurrentSession({ optional: true }) session: Session): string {
    return session.userKey;
  }

  // @ts-expect-error the session of this manager has no metadata
  wrongMeta(@sessions.CurrentSession() session: Session<{ role: string }>): string {
    return session.meta.role;
  }

  // @ts-expect-error a session is not a string
  wrongType(@sessions.CurrentSession() session: string): string {
    return session;
  }

  // @ts-expect-error the second parameter has the wrong type
  wrongSecond(@Param("id") _id: string, @sessions.CurrentSession() session: string): string {
    return session;
  }
}

@sessions.Open()
@Controller("open")
export class OpenController {}

@Module({
  imports: [sessions.module(), admins.module()],
  controllers: [DevicesController, OpenController],
  providers: [{ provide: APP_GUARD, useValue: sessions.appGuard() }],
})
export class AppModule {}
