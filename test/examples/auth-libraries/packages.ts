import { createRequire } from "node:module";
import { ROOT } from "../../support/entries.ts";
import { installPackages } from "../../support/own-packages.ts";

const PACKAGES = {
  "oidc-provider": "an identity provider (8 MB)",
  authjs: "Auth.js (10 MB)",
  "better-auth": "better-auth (60 MB)",
  arctic: "Arctic (6 MB)",
  passport: "Passport (8 MB)",
} as const;

/** An example that has its own packages. */
export type OwnExample = keyof typeof PACKAGES;

/** Installs the packages of examples at first use. */
export async function installExamples(...names: readonly OwnExample[]): Promise<void> {
  for (const name of names) await installPackages(`${ROOT}examples/${name}/`, PACKAGES[name]);
}

/** Imports a package of an example. The caller states the types that it uses. */
export async function importFrom<Exports>(name: OwnExample, specifier: string): Promise<Exports> {
  const { resolve } = createRequire(`${ROOT}examples/${name}/package.json`);
  return (await import(resolve(specifier))) as Exports;
}
