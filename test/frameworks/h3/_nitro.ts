import { createServer, type RequestListener } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { H3Event, redirect, setCookie } from "h3";
import { ROOT } from "../../support/entries.ts";
import { listen } from "../../support/listen.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { type Example, startExample } from "../../support/walk.ts";
import { hashOf, run } from "../build.ts";
import { placeSessionup } from "../copy.ts";

/** A package of its own with Nitro in it: an app as a user writes it, and one under `contract` that a test gives to do. */
export const NITRO: string = fileURLToPath(new URL("nitro/", import.meta.url));

const APPS = ["", "contract/"] as const;

/** Builds both apps as `nitro build` does, unless they are built; sessionup is there as a package. */
export async function buildNitroApps(): Promise<void> {
  await installPackages(NITRO, "Nitro, of 32 MB");
  const sources = [NITRO, `${NITRO}package-lock.json`, `${ROOT}src`, `${ROOT}package.json`];
  await once(`${NITRO}node_modules/.built`, hashOf(sources), async () => {
    await placeSessionup(`${NITRO}node_modules`);
    for (const app of APPS)
      await run(process.execPath, [`${NITRO}node_modules/nitro/dist/cli/index.mjs`, "build"], NITRO + app);
  });
}

/** Starts the user's app as whoever deploys it does. */
export async function startNitro(): Promise<Example> {
  await buildNitroApps();
  return startExample("nitro", {
    file: process.execPath,
    args: [".output/server/index.mjs"],
    cwd: NITRO,
    // Elsewhere than in tests it prints its address.
    env: { HOST: "127.0.0.1", TEST: "" },
  });
}

/** What a test gives the other app to do. */
export interface NitroSite {
  middleware(event: H3Event, next: () => unknown): unknown;
  /** With the functions of h3 that the app has in its bundle. */
  handler(event: H3Event, h3: { redirect: typeof redirect; setCookie: typeof setCookie }): unknown;
  onResponse(response: Response, event: object): void;
}

/** Serves the other app, which is built too, in this process: so the tests' clocks and stores are its own. */
export async function serveNitro(site: NitroSite): Promise<{ origin: string; close(): Promise<void> }> {
  await buildNitroApps();
  const built = pathToFileURL(`${NITRO}contract/.output/server/index.mjs`).href;
  const { middleware } = (await import(built)) as { middleware: RequestListener };
  Object.assign(globalThis, { [Symbol.for("sessionup.nitro")]: site });
  return listen(createServer(middleware));
}
