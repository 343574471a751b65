import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { installPackages } from "../../support/own-packages.ts";

/** A package with middleware that expects `req.session`, and with an OAuth provider. */
export const PACKAGES: string = fileURLToPath(new URL("packages/", import.meta.url));

/** Imports one of the packages. */
export async function importPackage(name: string): Promise<Record<string, unknown>> {
  await installPackages(PACKAGES, "middleware that expects req.session, and an OAuth provider (11 MB)");
  const { resolve } = createRequire(`${PACKAGES}package.json`);
  return await import(pathToFileURL(resolve(name)).href);
}
