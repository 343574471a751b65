import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { NextCookies, NextHeaders, NextRoutes } from "sessionup/next";
import type { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { buildNextApp, type NextMajor } from "./build.ts";
import { submitForm } from "./forms.ts";

/** The functions of Next.js that the app in next-16/ passes to the test. */
export interface NextParts {
  headers(): Promise<NextHeaders>;
  cookies(): Promise<NextCookies & { set(name: string, value: string): unknown }>;
  redirect(path: string): never;
  permanentRedirect(path: string): never;
  refresh(): void;
  notFound(): never;
  forbidden(): never;
  unauthorized(): never;
  after(task: () => unknown): void;
  readonly NextResponse: typeof Response & {
    next(): Response & { cookies: { set(name: string, value: string): void } };
  };
}

/** A Route Handler. */
export type Handle = (
  request: Request,
  context: { params: Promise<unknown> },
) => Response | Promise<Response>;

/** The behaviour that a test gives the app. A test only calls the members that it provides. */
export interface NextApp {
  /** Answers every route without a file of its own. */
  handle?: Handle;
  /** Answers the routes under /account. */
  account?: NextRoutes;
  /** Returns the text that the layout, the page and its children show. */
  show?(where: string): Promise<string>;
  /** Runs as the Server Action of the form on /actions. */
  act?(what: string): Promise<void>;
  /** Runs before every path under /proxied. */
  proxy?: Handle;
}

interface NextServer {
  prepare(): Promise<void>;
  close(): Promise<void>;
  getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/**
 * The header in which the server in front puts the connection's address. It overwrites a client's own header.
 */
export const PEER = "x-test-peer";

/** Next.js's production server in this process, so that the app uses the tests' clocks and stores. */
export class RunningNext {
  readonly origin: string;
  readonly close: () => Promise<void>;

  private constructor(origin: string, close: () => Promise<void>) {
    this.origin = origin;
    this.close = close;
  }

  static async start(major: NextMajor = 16): Promise<RunningNext> {
    const dir = await buildNextApp(major);
    // Without this, Next.js warns about the NODE_ENV that vitest sets.
    Object.assign(process.env, { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" });
    let handle: ReturnType<NextServer["getRequestHandler"]> | undefined;
    const { origin, close } = await listen(
      createServer((request, response) => {
        request.headers[PEER] = request.socket.remoteAddress;
        void handle?.(request, response);
      }),
    );
    const { hostname, port } = new URL(origin);
    const next = createRequire(dir)("next") as (options: object) => NextServer;
    // Next.js requests the page to which an action redirects from this port.
    const app = next({ dev: false, dir, hostname, port: Number(port) });
    await app.prepare();
    handle = app.getRequestHandler();
    return new RunningNext(origin, async () => {
      await close();
      await app.close();
    });
  }

  /** Replaces the behaviour of the app. */
  serve(app: (next: NextParts) => NextApp): void {
    let made: NextApp | undefined;
    Reflect.set(globalThis, Symbol.for("sessionup.next-app"), (next: NextParts) => {
      made ??= app(next);
      return made;
    });
  }
}

/** Returns the texts of the page's `<output id="…">` elements, in order. */
export function shown(html: string, id: string): readonly string[] {
  const outputs = html.matchAll(new RegExp(`<output id="${id}">([^<]*)</output>`, "g"));
  return [...outputs].map(([, text = ""]) => text.replaceAll("&quot;", '"').replaceAll("&#x27;", "'"));
}

/** Submits the form on /actions, which runs the app's `act`. */
export function submit(
  client: ContractClient,
  origin: string,
  act: string,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<typeof submitForm> {
  return submitForm(client, origin, { path: "/actions", fields: { act }, headers });
}
