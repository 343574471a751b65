import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SvelteKitContext } from "sessionup/sveltekit";
import { listen } from "../../support/listen.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { compile, newerNode, run } from "../build.ts";

/** The members of SvelteKit's event that the tests use. `kit-3/types` checks SvelteKit's own types. */
export interface KitEvent extends SvelteKitContext {
  readonly url: URL;
  readonly locals: Readonly<Record<string, unknown>>;
  readonly cookies: SvelteKitContext["cookies"] & {
    get(name: string): string | undefined;
    set(name: string, value: string, attributes: { path: string }): void;
  };
  fetch(path: string): Promise<Response>;
  setHeaders(headers: Record<string, string>): void;
}

type KitHandle = (input: {
  event: KitEvent;
  resolve(event: KitEvent): Response | Promise<Response>;
}) => Response | Promise<Response>;

/** SvelteKit's functions from the app's bundle. */
export interface Kit {
  error(status: number, message: string): never;
  redirect(status: number, location: string): never;
  fail(status: number, data: object): object;
  sequence(...handles: KitHandle[]): KitHandle;
}

/** Creates the behaviour that a test gives the app from SvelteKit's functions. */
export type MakeSite = (kit: Kit) => {
  readonly handle?: KitHandle;
  endpoint?(event: KitEvent): Response | Promise<Response>;
  load?(event: KitEvent): object | Promise<object>;
  action?(event: KitEvent): unknown;
  thrown?(error: unknown): void;
};

/**
 * The app of both versions, in the newer version's package. It contains no sessionup: the tests provide it.
 */
const APP: string = fileURLToPath(new URL("kit-3/", import.meta.url));

/** The packages with each version of SvelteKit. */
export const PACKAGES = { 3: APP, 2: fileURLToPath(new URL("kit-2/", import.meta.url)) } as const;
export type Major = keyof typeof PACKAGES;

/** The files that the older version's folder copies from the newer one's. */
const COPIED = ["src", "vite.config.js"] as const;

export function installSvelteKit(major: Major): Promise<void> {
  return installPackages(PACKAGES[major], `SvelteKit ${major} (50 MB)`);
}

/** Builds the app, unless it is already built. */
export async function buildSvelteKitApp(major: Major): Promise<void> {
  const folder = PACKAGES[major];
  await installSvelteKit(major);
  const hash = createHash("sha256").update(readFileSync(`${folder}package-lock.json`));
  const sources = readdirSync(`${APP}src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  for (const file of [`${APP}vite.config.js`, ...sources.sort()])
    hash.update(file).update(readFileSync(file));
  await once(`${folder}node_modules/.built`, hash.digest("hex"), async () => {
    if (folder !== APP) {
      rmSync(`${folder}src`, { recursive: true, force: true });
      for (const name of COPIED) cpSync(APP + name, folder + name, { recursive: true });
    }
    await viteBuild(folder, await nodeFor(major));
  });
}

/** Compiles `types/app.ts` with that SvelteKit's own types. Rejects with the compiler's output. */
export async function compileTypes(major: Major): Promise<void> {
  const folder = PACKAGES[major];
  await installSvelteKit(major);
  if (folder !== APP) cpSync(`${APP}types`, `${folder}types`, { recursive: true });
  await compile(folder, "types");
}

/**
 * Compiles an app in a folder with the compiler that is installed there. Rejects with the compiler's output.
 */
export function compileIn(folder: string): Promise<void> {
  return run(
    process.execPath,
    [`${folder}node_modules/typescript/bin/tsc`, "--noEmit", "--pretty", "false"],
    folder,
  );
}

/** Returns a Node that can build the app: SvelteKit 3 requires Node 22 or later. */
export async function nodeFor(major: Major): Promise<string> {
  return major === 2 ? process.execPath : newerNode();
}

/** Builds the app in a folder. Rejects with the build's output. */
export function viteBuild(folder: string, node: string): Promise<void> {
  return run(node, [`${folder}node_modules/vite/bin/vite.js`, "build"], folder);
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the built app in this process with the test's behaviour. Only one test can run it at a time. */
export async function serveSvelteKit(
  major: Major,
  make: MakeSite,
): Promise<{ origin: string; close(): Promise<void> }> {
  await buildSvelteKitApp(major);
  polyfillWithResolvers();
  const built = pathToFileURL(`${PACKAGES[major]}node_modules/.build/handler.js`).href;
  const { handler } = (await import(built)) as { handler: Listener };
  Object.assign(globalThis, { [Symbol.for("sessionup.sveltekit")]: { make } });
  return listen(createServer(handler));
}

/** Adds the one function that a built SvelteKit 3 app calls and Node 20 does not have. */
function polyfillWithResolvers(): void {
  Promise.withResolvers ??= function withResolvers<T>() {
    let resolve!: (value: T | PromiseLike<T>) => void;
    let reject!: (reason?: unknown) => void;
    const promise = new Promise<T>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { promise, resolve, reject };
  };
}
