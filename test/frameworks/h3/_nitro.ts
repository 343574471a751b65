import { createServer, type RequestListener } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { H3Event, redirect, setCookie } from "h3";
import { ROOT } from "../../support/entries.ts";
import { listen } from "../../support/listen.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { type Example, startExample } from "../../support/walk.ts";
import { hashPaths, run } from "../build.ts";
import { placeSessionup } from "../copy.ts";

/**
 * A package with Nitro: an app as users write it, and one under `contract` whose behaviour a test provides.
 */
export const NITRO: string = fileURLToPath(new URL("nitro/", import.meta.url));

const APPS = ["", "contract/"] as const;

/**
 * Builds both apps with `nitro build`, unless they are already built. sessionup is installed as a package.
 */
export async function buildNitroApps(): Promise<void> {
  await installPackages(NITRO, "Nitro (32 MB)");
  const sources = [NITRO, `${NITRO}package-lock.json`, `${ROOT}src`, `${ROOT}package.json`];
  await once(`${NITRO}node_modules/.built`, hashPaths(sources), async () => {
    await placeSessionup(`${NITRO}node_modules`);
    for (const app of APPS)
      await run(process.execPath, [`${NITRO}node_modules/nitro/dist/cli/index.mjs`, "build"], NITRO + app);
  });
}

/** Starts the user's app as a deployment does. */
export async function startNitro(): Promise<Example> {
  await buildNitroApps();
  return startExample("nitro", {
    file: process.execPath,
    args: [".output/server/index.mjs"],
    cwd: NITRO,
    // With TEST set, the app does not print its address.
    env: { HOST: "127.0.0.1", TEST: "" },
  });
}

/** The behaviour that a test gives the app under `contract`. */
export interface NitroSite {
  middleware(event: H3Event, next: () => unknown): unknown;
  /** Receives the functions of h3 from the app's bundle. */
  handler(event: H3Event, h3: { redirect: typeof redirect; setCookie: typeof setCookie }): unknown;
  onResponse(response: Response, event: object): void;
}

/** Serves the built app under `contract` in this process, so that it uses the test's clocks and stores. */
export async function serveNitro(site: NitroSite): Promise<{ origin: string; close(): Promise<void> }> {
  await buildNitroApps();
  const built = pathToFileURL(`${NITRO}contract/.output/server/index.mjs`).href;
  const { middleware } = (await import(built)) as { middleware: RequestListener };
  Object.assign(globalThis, { [Symbol.for("sessionup.nitro")]: site });
  return listen(createServer(middleware));
}
