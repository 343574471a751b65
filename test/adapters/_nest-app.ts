import { Readable } from "node:stream";
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  Post,
  Query,
  Redirect,
  Res,
  StreamableFile,
  type Type,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { type NestContext, nestSessions } from "sessionup/nest";
import type { ContractApp, ContractReply, ContractRoute } from "sessionup/testing";

export const PLATFORMS = ["Express", "Fastify"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** The decorators of Nest as what they are: functions. Here nothing compiles the syntax. */
type Decorator = (target: object, key: string, descriptor: PropertyDescriptor) => void;

/** Makes an app of a module. */
export function createApp(
  module: Type,
  platform: Platform,
  settings: { readonly trustProxy?: boolean } = {},
): Promise<INestApplication> {
  const options = { logger: false, abortOnError: false } as const;
  if (platform === "Fastify") return NestFactory.create(module, new FastifyAdapter(settings), options);
  return NestFactory.create(module, options);
}

/** Listens on a free port of 127.0.0.1. */
export async function listenApp(app: INestApplication): Promise<{ origin: string; close(): Promise<void> }> {
  await app.listen(0, "127.0.0.1");
  const origin = await app.getUrl();
  return {
    origin,
    close: async () => {
      app.getHttpServer().closeAllConnections();
      await app.close();
    },
  };
}

/** Puts decorators to a method of a class. */
export function decorate(target: { prototype: object }, key: string, ...decorators: Decorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, key) as PropertyDescriptor;
  for (const decorator of decorators.reverse()) decorator(target.prototype, key, descriptor);
}

/** A controller whose handlers are the contract's routes. */
function contractController(
  all: readonly ContractRoute<NestContext>[],
  guards: Readonly<Record<string, Parameters<typeof UseGuards>[0]>>,
): { prototype: object } {
  class ContractController {}
  Controller()(ContractController);
  for (const { method, path, guard, run } of all) {
    const handler = async (response: NestContext, query: Record<string, string>) =>
      answerOf(await run(response, new URLSearchParams(query)), response);
    Object.defineProperty(ContractController.prototype, path, { value: handler });
    Res({ passthrough: true })(ContractController.prototype, path, 0);
    Query()(ContractController.prototype, path, 1);
    decorate(ContractController, path, (method === "GET" ? Get : Post)(path) as Decorator);
    if (guard) decorate(ContractController, path, UseGuards(guards[guard] as never) as Decorator);
    // Nest looks at what was returned for it with this one alone.
    if (path.endsWith("redirect")) decorate(ContractController, path, Redirect("/", 303) as Decorator);
  }
  return ContractController;
}

export function contractApp(
  { manager, admins, routes }: ContractApp<NestContext>,
  platform: Platform,
): Promise<INestApplication> {
  const sessions = nestSessions(manager);
  const adminSessions = nestSessions(admins);
  const guards = { public: sessions.public(), auth: sessions.auth(), admin: adminSessions.auth() };
  class AppModule {}
  const controller = contractController(routes(sessions, adminSessions), guards);
  Module({
    imports: [sessions.module(), adminSessions.module()],
    controllers: [controller as never],
  })(AppModule);
  return createApp(AppModule, platform).then((app) => app.use(sessions.routes({ path: "/account" })));
}

/** What Express's response and Fastify's reply have in common besides. */
interface Response {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
  append?(name: string, value: string): unknown;
}

function answerOf(
  { status = 200, json, redirect, stream, cookie }: ContractReply,
  context: NestContext,
): unknown {
  const response = context as unknown as Response;
  if (cookie) {
    const line = cookie.join("=");
    // Of Express's two `header` replaces; of Fastify's one it adds.
    if (response.append) response.append("set-cookie", line);
    else response.header("set-cookie", line);
  }
  if (redirect) return { url: redirect, statusCode: 303 };
  response.status(status);
  if (stream) return new StreamableFile(Readable.from(stream, { objectMode: false }));
  response.header("content-type", "application/json; charset=utf-8");
  return JSON.stringify(json ?? null);
}
