import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installPackages } from "../support/own-packages.ts";
import type { Outcome } from "./_contract.ts";

/** This folder: a package of its own, so that nobody has to install runtimes to work on the rest. */
export const ENGINES: string = fileURLToPath(new URL(".", import.meta.url));

type Program = "Node 22" | "Node 24" | "Bun" | "tursodb";

const PLATFORM = `${process.platform}-${process.arch}`;
const PROGRAMS: Readonly<Record<string, Readonly<Partial<Record<Program, string>>>>> = {
  "linux-x64": {
    "Node 22": "node22-linux-x64/bin/node",
    "Node 24": "node24-linux-x64/bin/node",
    Bun: "@oven/bun-linux-x64/bin/bun",
    tursodb: "@tursodatabase/cli-linux-x64-gnu/tursodb",
  },
  "linux-arm64": {
    "Node 22": "node22-linux-arm64/bin/node",
    "Node 24": "node24-linux-arm64/bin/node",
    Bun: "@oven/bun-linux-aarch64/bin/bun",
  },
};

/** Why a program cannot run here; undefined when it can. */
export function unsupported(name: Program): string | undefined {
  return PROGRAMS[PLATFORM]?.[name] ? undefined : `test/engines has no ${name} for ${PLATFORM}`;
}

/** Where a program of the package is. */
export function program(name: Program): string {
  const path = PROGRAMS[PLATFORM]?.[name];
  if (!path) throw new Error(unsupported(name));
  return `${ENGINES}node_modules/${path}`;
}

/** Installs the package, unless what its lockfile says is there. */
export function installEngines(): Promise<void> {
  return installPackages(ENGINES, "runtimes of 800 MB");
}

/** Runs a file of this folder in a runtime; the outcomes that it prints, and how it ended. */
export async function outcomesOf(
  runtime: Program,
  args: readonly string[],
): Promise<{ readonly outcomes: readonly Outcome[]; readonly end: string }> {
  const child = spawn(program(runtime), args, { cwd: ENGINES, stdio: ["ignore", "pipe", "pipe"] });
  const limit = setTimeout(() => child.kill("SIGKILL"), 240_000);
  let lines = "";
  let complaints = "";
  child.stdout.on("data", (text: Buffer) => {
    lines += text;
  });
  child.stderr.on("data", (text: Buffer) => {
    complaints = (complaints + text).slice(-5_000);
  });
  const exit = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  });
  clearTimeout(limit);
  const outcomes = lines
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): Outcome => JSON.parse(line));
  return { outcomes, end: `exit ${exit}\n${complaints}` };
}
