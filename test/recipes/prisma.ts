import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { hashPaths } from "../frameworks/build.ts";
import { once } from "../support/own-packages.ts";
import { RECIPES } from "./packages.ts";

const APP = `${RECIPES}orms/prisma/`;
const SCHEMA = `${APP}schema.prisma`;
/** Prisma's commands download the schema engine from here, because npm does not have it. */
const ENGINES = "https://binaries.prisma.sh";

async function prisma(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = [`${RECIPES}node_modules/prisma/build/index.js`, ...args];
  const config = ["--config", `${APP}prisma.config.ts`];
  const options = { cwd: RECIPES, env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, [...program, ...config], options);
  return stdout;
}

/** Generates Prisma's client, unless it is up to date. That requires that an engine exists, but does not run it. */
export async function generatePrismaClient(): Promise<void> {
  const installed = readFileSync(`${RECIPES}node_modules/.installed`, "utf8");
  await once(`${APP}generated/.built`, `${installed} ${hashPaths([SCHEMA])}`, async () => {
    await prisma(["generate"], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath });
  });
}

/** Returns why the commands that need the schema engine cannot run, or undefined. */
export async function findEngineProblem(): Promise<string | undefined> {
  try {
    await fetch(ENGINES, { method: "HEAD" });
    return undefined;
  } catch (error) {
    const { cause, message } = error as Error;
    return `Prisma downloads its schema engine: ${cause instanceof Error ? cause.message : message}`;
  }
}

/** Returns the SQL that would bring the database to the state of the models. */
export function diffPrismaSchema(): Promise<string> {
  return prisma(["migrate", "diff", "--from-config-datasource", "--to-schema", SCHEMA, "--script"]);
}
