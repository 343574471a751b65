import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";

/** This folder: a package of its own, so that nobody has to install runtimes to work on the rest. */
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

/** Why a program cannot run here; undefined when it can. */
export function unsupported(name: Program): string | undefined {
  return PROGRAMS[PLATFORM]?.[name] ? undefined : `test/runtimes has no ${name} for ${PLATFORM}`;
}

/** Where a program of the package is. */
export function program(name: Program): string {
  const path = PROGRAMS[PLATFORM]?.[name];
  if (!path) throw new Error(unsupported(name));
  return `${ENGINES}node_modules/${path}`;
}

/** Installs the package, unless what its lockfile says is there. */
export function installEngines(): Promise<void> {
  return installPackages(ENGINES, "runtimes of 1.2 GB");
}
