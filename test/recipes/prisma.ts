import { run } from "../frameworks/build.ts";
import { RECIPES } from "./packages.ts";

const APP = `${RECIPES}orms/prisma/`;
/** Prisma's commands download the schema engine from here, because npm does not have it. */
const ENGINES = "https://binaries.prisma.sh";

function prisma(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const program = [`${RECIPES}node_modules/prisma/build/index.js`, ...args];
  return run(process.execPath, [...program, "--config", `${APP}prisma.config.ts`], RECIPES, env);
}

/** Generates Prisma's client. That requires that an engine exists, but does not run it. */
export function generatePrismaClient(): Promise<void> {
  return prisma(["generate"], { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath });
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

/** Rejects if Prisma would change the tables of the database. */
export function diffPrismaSchema(): Promise<void> {
  const change = ["--from-config-datasource", "--to-schema", `${APP}schema.prisma`];
  return prisma(["migrate", "diff", ...change, "--exit-code"]);
}
