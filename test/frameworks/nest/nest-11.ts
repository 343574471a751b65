import { fileURLToPath } from "node:url";
import { installPackages } from "../../support/own-packages.ts";

/**
 * A package with NestJS 11, on which the project `nest-11` of vitest.config.ts runs the adapter's contract and the gateways.
 */
export const NEST_11: string = fileURLToPath(new URL("nest-11/", import.meta.url));

export function installNest11(): Promise<void> {
  return installPackages(NEST_11, "NestJS 11 (46 MB)");
}
