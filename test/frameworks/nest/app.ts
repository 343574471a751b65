import { Readable } from "node:stream";
import {
  Controller,
  Get,
  type INestApplication,
  Module,
  type ModuleMetadata,
  Post,
  Query,
  Redirect,
  Res,
  StreamableFile,
  type Type,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { AuthOptions } from "sessionup";
import { type NestContext, nestSessions } from "sessionup/nest";
import { sessionRoutes } from "sessionup/routes";
import type { ContractApp, ContractReply, ContractRoute } from "sessionup/testing";
import { ContractClient } from "../../../src/testing/adapter/client.ts";

export const PLATFORMS = ["Express", "Fastify"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Nest's decorators called as functions, because no compiler transforms decorator syntax here. */
type Decorator = (target: object, key: string, descriptor: PropertyDescriptor) => void;

/** The set-up of an app before it listens. */
export interface Settings {
  /** Passed to the platform in its own form. */
  readonly trustProxy?: boolean;
  readonly prepare?: (app: INestApplication) => unknown;
}

/** Creates an app from a module. */
export async function createApp(
  module: Type,
  platform: Platform,
  { trustProxy = false, prepare }: Settings = {},
): Promise<INestApplication> {
  const options = { logger: false, abortOnError: false } as const;
  const adapter = platform === "Fastify" ? new FastifyAdapter({ trustProxy }) : new ExpressAdapter();
  const app = await NestFactory.create(module, adapter, options);
  if (platform === "Express") app.getHttpAdapter().getInstance().set("trust proxy", trustProxy);
  await prepare?.(app);
  return app;
}

/** Listens on a free port of 127.0.0.1. */
export async function listenApp(app: INestApplication): Promise<{ origin: string; close(): Promise<void> }> {
  await app.listen(0, "127.0.0.1");
  return {
    origin: await app.getUrl(),
    close: async () => {
      app.getHttpServer().closeAllConnections();
      await app.close();
    },
  };
}

/** Runs an app with this module metadata until `use` settles. */
export async function running(
  metadata: ModuleMetadata,
  platform: Platform,
  use: (client: ContractClient, origin: string) => Promise<void>,
  settings: Settings = {},
): Promise<void> {
  class AppModule {}
  Module(metadata)(AppModule);
  const { origin, close } = await listenApp(await createApp(AppModule, platform, settings));
  try {
    await use(new ContractClient(origin), origin);
  } finally {
    await close();
  }
}

/** Applies decorators to a method of a class. */
function decorate(target: { prototype: object }, key: string, ...decorators: Decorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, key) as PropertyDescriptor;
  for (const decorator of decorators.reverse()) decorator(target.prototype, key, descriptor);
}

/** Returns a controller whose handlers are the contract's routes. */
function contractController(
  all: readonly ContractRoute<NestContext>[],
  guards: Readonly<Record<string, (options?: AuthOptions) => Parameters<typeof UseGuards>[0]>>,
): { prototype: object } {
  class ContractController {}
  Controller()(ContractController);
  for (const { method, path, guard, options, run } of all) {
    const handler = async (response: NestContext, query: Record<string, string>) =>
      sendReply(await run(response, new URLSearchParams(query)), response);
    Object.defineProperty(ContractController.prototype, path, { value: handler });
    Res({ passthrough: true })(ContractController.prototype, path, 0);
    Query()(ContractController.prototype, path, 1);
    decorate(ContractController, path, (method === "GET" ? Get : Post)(path) as Decorator);
    if (guard) decorate(ContractController, path, UseGuards(guards[guard]?.(options) as never) as Decorator);
    // Nest reads a redirect from the returned value only with this decorator.
    if (path.endsWith("redirect")) decorate(ContractController, path, Redirect("/", 303) as Decorator);
  }
  return ContractController;
}

export function contractApp(
  { manager, admins, reject, routes }: ContractApp<NestContext>,
  platform: Platform,
): Promise<INestApplication> {
  const sessions = nestSessions(manager);
  const adminSessions = nestSessions(admins);
  const throwing = nestSessions(manager, { reject }).auth;
  const guards = { public: sessions.public, auth: sessions.auth, admin: adminSessions.auth, throwing };
  class AppModule {}
  const controller = contractController(routes(sessions, adminSessions), guards);
  Module({
    imports: [sessions.module(), adminSessions.module()],
    controllers: [controller as never],
  })(AppModule);
  return createApp(AppModule, platform).then((app) => app.use(sessionRoutes(sessions, { path: "/account" })));
}

/** The members that Express's response and Fastify's reply share. */
interface Response {
  status(code: number): unknown;
  header(name: string, value: string): unknown;
  append?(name: string, value: string): unknown;
}

function sendReply(
  { status = 200, json, redirect, stream, cookie, headers = {}, failure }: ContractReply,
  context: NestContext,
): unknown {
  const response = context as unknown as Response;
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  if (failure) throw failure;
  if (cookie) {
    const line = cookie.join("=");
    // Express's `header` replaces a value, and Fastify's adds one.
    if (response.append) response.append("set-cookie", line);
    else response.header("set-cookie", line);
  }
  if (redirect) return { url: redirect, statusCode: 303 };
  response.status(status);
  if (stream) return new StreamableFile(Readable.from(stream, { objectMode: false }));
  response.header("content-type", "application/json; charset=utf-8");
  return JSON.stringify(json ?? null);
}
