import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SvelteKitContext } from "sessionup/sveltekit";
import { listen } from "../../support/listen.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { compile, newerNode, run } from "../build.ts";

/** What of SvelteKit's event the tests use; the types of its own are tried in `kit-3/types`. */
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

/** SvelteKit's own functions, as the app has them in its bundle. */
export interface Kit {
  error(status: number, message: string): never;
  redirect(status: number, location: string): never;
  fail(status: number, data: object): object;
  sequence(...handles: KitHandle[]): KitHandle;
}

/** What a test gives the app to do, given SvelteKit's functions. */
export type MakeSite = (kit: Kit) => {
  readonly handle?: KitHandle;
  endpoint?(event: KitEvent): Response | Promise<Response>;
  load?(event: KitEvent): object | Promise<object>;
  action?(event: KitEvent): unknown;
  thrown?(error: unknown): void;
};

/** The app of both, which is in the package of the newer one. Nothing of sessionup is in it: that comes from the tests. */
const APP: string = fileURLToPath(new URL("kit-3/", import.meta.url));

/** The packages of their own with SvelteKit in it. */
export const PACKAGES = { 3: APP, 2: fileURLToPath(new URL("kit-2/", import.meta.url)) } as const;
export type Major = keyof typeof PACKAGES;

/** What the older one's folder has from the newer one's. */
const COPIED = ["src", "vite.config.js"] as const;

export function installSvelteKit(major: Major): Promise<void> {
  return installPackages(PACKAGES[major], `SvelteKit ${major}, of 50 MB`);
}

/** Builds the app, unless it is built. */
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

/** Compiles `types/app.ts` with that SvelteKit's own types. Rejects with what the compiler says. */
export async function compileTypes(major: Major): Promise<void> {
  const folder = PACKAGES[major];
  await installSvelteKit(major);
  if (folder !== APP) cpSync(`${APP}types`, `${folder}types`, { recursive: true });
  await compile(folder, "types");
}

/** Compiles an app in a folder, with the compiler that is installed there. Rejects with what it says. */
export function compileIn(folder: string): Promise<void> {
  return run(
    process.execPath,
    [`${folder}node_modules/typescript/bin/tsc`, "--noEmit", "--pretty", "false"],
    folder,
  );
}

/** A Node that can build it: the third one is said to run on no older one than 22. */
export async function nodeFor(major: Major): Promise<string> {
  return major === 2 ? process.execPath : newerNode();
}

/** Builds the app in a folder. Rejects with what it says. */
export function viteBuild(folder: string, node: string): Promise<void> {
  return run(node, [`${folder}node_modules/vite/bin/vite.js`, "build"], folder);
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the built app in this process, with what the test gives it to do; one at a time. */
export async function serveSvelteKit(
  major: Major,
  make: MakeSite,
): Promise<{ origin: string; close(): Promise<void> }> {
  await buildSvelteKitApp(major);
  needsWithResolvers();
  const built = pathToFileURL(`${PACKAGES[major]}node_modules/.build/handler.js`).href;
  const { handler } = (await import(built)) as { handler: Listener };
  Object.assign(globalThis, { [Symbol.for("sessionup.sveltekit")]: { make } });
  return listen(createServer(handler));
}

/** What SvelteKit 3 calls, and Node 20 has not: all that it lacks to run an app that is built. */
function needsWithResolvers(): void {
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
