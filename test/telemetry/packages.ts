import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/** The folder with the tests that use OpenTelemetry's SDK, and with its packages. */
export const TELEMETRY: string = fileURLToPath(new URL(".", import.meta.url));

export function installTelemetryPackages(): Promise<void> {
  return installPackages(TELEMETRY, "OpenTelemetry's SDK");
}
