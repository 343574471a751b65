import { createRequire } from "node:module";
import { type BuildResult, build } from "esbuild";
import { ROOT } from "../support/entries.ts";
import { ENGINES } from "./packages.ts";

/** The members of Miniflare that the tests use. It runs workerd as a local server. */
interface Miniflare {
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

/** Starts workerd with a Worker on a free port of 127.0.0.1. */
export async function workerd(options: object): Promise<{ readonly origin: string; close(): Promise<void> }> {
  const path = createRequire(`${ENGINES}package.json`).resolve("miniflare");
  const module: { Miniflare: new (options: object) => Miniflare } = await import(path);
  const miniflare = new module.Miniflare({
    compatibilityDate: "2026-01-01",
    compatibilityFlags: ["nodejs_compat"],
    host: "127.0.0.1",
    ...options,
  });
  const { origin } = await miniflare.ready;
  return { origin, close: () => miniflare.dispose() };
}

/** Bundles code as a Worker's build does. Node's modules stay imports. */
export function bundled(
  code: string,
): Promise<BuildResult<{ write: false; metafile: true }> & { outputFiles: Array<{ text: string }> }> {
  return build({
    stdin: { contents: code, resolveDir: ROOT, sourcefile: "entry.ts", loader: "ts" },
    tsconfig: `${ROOT}tsconfig.json`,
    bundle: true,
    metafile: true,
    write: false,
    format: "esm",
    target: "es2023",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["node:*"],
    logLevel: "silent",
  });
}
