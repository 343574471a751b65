import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository, with a trailing slash. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The fields of package.json that the tests read. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly homepage: string;
  readonly repository: { readonly url: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly "size-limit"?: ReadonlyArray<
    | { readonly name: string; readonly path: string }
    | { readonly name: string; readonly path?: never; readonly import: Readonly<Record<string, string>> }
  >;
}

export const PACKAGE = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as Package;

/** The subpaths of modules and the file under src/ of each: `"./node"` → `"adapters/node.ts"`. */
export const ENTRIES: ReadonlyMap<string, string> = new Map(
  Object.entries(PACKAGE.exports).flatMap(([subpath, target]) =>
    typeof target === "string" ? [] : [[subpath, toSourcePath(target.default ?? "")] as const],
  ),
);

function toSourcePath(built: string): string {
  return built.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
}

/** Lists the files of src/ except the tests, with forward slashes: `"adapters/node.ts"`. */
export function sourceFiles(): readonly string[] {
  return readdirSync(`${ROOT}src`, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .sort();
}
