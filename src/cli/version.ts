import { readFileSync } from "node:fs";

/** Returns the version of this package. */
export function readVersion(): string {
  // Two folders up from `src/cli` as well as from `dist/cli`.
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return version;
}
