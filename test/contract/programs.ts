import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The arguments with which this runtime runs a TypeScript file as its own process. */
export const RUNTIME_ARGUMENTS: readonly string[] =
  "Deno" in globalThis ? ["run", "--allow-all"] : "Bun" in globalThis ? [] : ["--import", "tsx"];
