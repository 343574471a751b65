import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { NextCookies, NextHeaders, NextRoutes } from "sessionup/next";
import type { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { buildNextApp, type NextMajor } from "./build.ts";
import { submitForm } from "./forms.ts";

/** What the app in next-16/ hands over of Next.js's. */
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

/** What the test's app answers with; what it leaves out no test of its calls. */
export interface NextApp {
  /** Every route that has no file of its own. */
  handle?: Handle;
  /** Those under /account. */
  account?: NextRoutes;
  /** What the layout, the page and its children show. */
  show?(where: string): Promise<string>;
  /** The Server Action of the form on /actions. */
  act?(what: string): Promise<void>;
  /** Before whatever is under /proxied. */
  proxy?: Handle;
}

interface NextServer {
  prepare(): Promise<void>;
  close(): Promise<void>;
  getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** By this header the server in front says whose connection it is: no client's own gets past it. */
export const PEER = "x-test-peer";

/** Next.js's production server, in this process: so the tests' clocks and stores are the app's. */
export class RunningNext {
  readonly origin: string;
  readonly close: () => Promise<void>;

  private constructor(origin: string, close: () => Promise<void>) {
    this.origin = origin;
    this.close = close;
  }

  static async start(major: NextMajor = 16): Promise<RunningNext> {
    const dir = await buildNextApp(major);
    // What Next.js would warn of is vitest's own.
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
    // By the port it calls itself, for the page to which an action redirects.
    const app = next({ dev: false, dir, hostname, port: Number(port) });
    await app.prepare();
    handle = app.getRequestHandler();
    return new RunningNext(origin, async () => {
      await close();
      await app.close();
    });
  }

  /** From now on this is what answers. */
  serve(app: (next: NextParts) => NextApp): void {
    let made: NextApp | undefined;
    Reflect.set(globalThis, Symbol.for("sessionup.next-app"), (next: NextParts) => {
      made ??= app(next);
      return made;
    });
  }
}

/** What a page shows in `<output id="…">`, each in its order. */
export function shown(html: string, id: string): readonly string[] {
  const outputs = html.matchAll(new RegExp(`<output id="${id}">([^<]*)</output>`, "g"));
  return [...outputs].map(([, text = ""]) => text.replaceAll("&quot;", '"').replaceAll("&#x27;", "'"));
}

/** Sends the form on /actions, by which the app's `act` runs. */
export function submit(
  client: ContractClient,
  origin: string,
  act: string,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<typeof submitForm> {
  return submitForm(client, origin, { path: "/actions", fields: { act }, headers });
}
