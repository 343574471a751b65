import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { NodeMiddleware } from "sessionup/node";
import { listen } from "../../support/listen.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { hashPaths, run } from "../build.ts";

/** A package with Nitro 2, on which Nuxt 4 runs. A test provides the app's behaviour. */
const NITRO_2: string = fileURLToPath(new URL("nitro-2/", import.meta.url));

/** The members of an h3 1 event that the tests use. */
export interface OldEvent {
  readonly method: string;
  readonly path: string;
  readonly node: { readonly req: IncomingMessage; readonly res: ServerResponse };
}

/** The functions of h3 1 from the app's bundle. */
export interface OldH3 {
  createError(input: { statusCode: number }): Error;
  sendRedirect(event: OldEvent, to: string, status: number): Promise<void>;
  setCookie(event: OldEvent, name: string, value: string): void;
  setResponseStatus(event: OldEvent, status: number): void;
}

type Way = (middleware: NodeMiddleware) => (event: OldEvent) => Promise<void>;

/** The ways to run Node middleware in h3 1: h3's own, and the one in docs/frameworks/h3.md. */
interface Ways {
  readonly fromNodeMiddleware: Way;
  readonly through: Way;
}

export interface Nitro2Site {
  middleware(event: OldEvent, ways: Ways): Promise<void>;
  handler(event: OldEvent, h3: OldH3): unknown;
}

/**
 * Builds the app with `nitro build`, unless it is already built. The build contains no sessionup: the test
 * provides it.
 */
export async function buildNitro2(): Promise<void> {
  await installPackages(NITRO_2, "Nitro 2 (85 MB)");
  await once(`${NITRO_2}node_modules/.built`, hashPaths([NITRO_2, `${NITRO_2}package-lock.json`]), () =>
    run(process.execPath, [`${NITRO_2}node_modules/nitropack/dist/cli/index.mjs`, "build"], NITRO_2),
  );
}

/** Serves the built app in this process. */
export async function serveNitro2(site: Nitro2Site): Promise<{ origin: string; close(): Promise<void> }> {
  await buildNitro2();
  const built = pathToFileURL(`${NITRO_2}.output/server/index.mjs`).href;
  const { listener } = (await import(built)) as { listener: RequestListener };
  Object.assign(globalThis, { [Symbol.for("sessionup.nitro-2")]: site });
  return listen(createServer(listener));
}
