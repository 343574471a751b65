import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/** The folder with the packages that the guides under docs/migrate/ replace. */
export const MIGRATE: string = fileURLToPath(new URL(".", import.meta.url));

export function installOldPackages(): Promise<void> {
  return installPackages(MIGRATE, "the packages that docs/migrate/ replaces (86 MB)");
}
