import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/**
 * This folder. It is a separate package, so that working on the rest does not require installing the
 * runtimes.
 */
export const ENGINES: string = fileURLToPath(new URL(".", import.meta.url));

export type Program = "Node 22" | "Node 24" | "Node 26" | "Bun" | "Deno" | "tursodb";

const PLATFORM = `${process.platform}-${process.arch}`;
const PROGRAMS: Readonly<Record<string, Readonly<Partial<Record<Program, string>>>>> = {
  "linux-x64": {
    "Node 22": "node22-linux-x64/bin/node",
    "Node 24": "node24-linux-x64/bin/node",
    "Node 26": "node26-linux-x64/bin/node",
    Bun: "@oven/bun-linux-x64/bin/bun",
    Deno: "@deno/linux-x64-glibc/deno",
    tursodb: "@tursodatabase/cli-linux-x64-gnu/tursodb",
  },
  "linux-arm64": {
    "Node 22": "node22-linux-arm64/bin/node",
    "Node 24": "node24-linux-arm64/bin/node",
    "Node 26": "node26-linux-arm64/bin/node",
    Bun: "@oven/bun-linux-aarch64/bin/bun",
    Deno: "@deno/linux-arm64-glibc/deno",
  },
};

/** Returns why a program cannot run on this platform, or undefined. */
export function unsupported(name: Program): string | undefined {
  return PROGRAMS[PLATFORM]?.[name] ? undefined : `test/runtimes has no ${name} for ${PLATFORM}`;
}

/** Returns the path of a program in the package. */
export function program(name: Program): string {
  const path = PROGRAMS[PLATFORM]?.[name];
  if (!path) throw new Error(unsupported(name));
  return `${ENGINES}node_modules/${path}`;
}

/** Installs the package, unless the versions in its lockfile are installed. */
export function installEngines(): Promise<void> {
  return installPackages(ENGINES, "runtimes (1.2 GB)");
}
