import { fileURLToPath } from "node:url";
import { ROOT } from "../../support/entries.ts";
import { installPackages, once } from "../../support/own-packages.ts";
import { type Example, startExample } from "../../support/walk.ts";
import { hashPaths, newerNode, run } from "../build.ts";
import { placeSessionup } from "../copy.ts";

/** A package with Nuxt, and an app as users write it. */
export const NUXT: string = fileURLToPath(new URL("nuxt/", import.meta.url));

/** Builds the app with `nuxt build`, unless it is already built. sessionup is installed as a package. */
async function buildNuxt(): Promise<void> {
  await installPackages(NUXT, "Nuxt (170 MB)");
  const sources = [NUXT, `${NUXT}package-lock.json`, `${ROOT}src`, `${ROOT}package.json`];
  await once(`${NUXT}node_modules/.built`, hashPaths(sources), async () => {
    await placeSessionup(`${NUXT}node_modules`);
    const nuxt = `${NUXT}node_modules/nuxt/bin/nuxt.mjs`;
    await run(await newerNode(), [nuxt, "build"], NUXT, {
      NODE_ENV: "production",
      NUXT_TELEMETRY_DISABLED: "1",
    });
  });
}

/** Starts the app as a deployment does. */
export async function startNuxt(): Promise<Example> {
  await buildNuxt();
  return startExample("nuxt", {
    file: await newerNode(),
    args: [".output/server/index.mjs"],
    cwd: NUXT,
    // With TEST set, the app does not print its address.
    env: { HOST: "127.0.0.1", TEST: "", NODE_ENV: "production" },
  });
}
