import { fileURLToPath } from "node:url";
import { installPackages } from "../../support/own-packages.ts";

/** A package with Passport, its strategies and its integrations, and an OAuth 2.0 provider. */
export const PASSPORT: string = fileURLToPath(new URL(".", import.meta.url));

export function installPassport(): Promise<void> {
  return installPackages(PASSPORT, "Passport and an OAuth provider");
}
