import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { type Node, type Program, parseSync, Visitor } from "oxc-parser";

/** An import, a re-export, an `import()` or an `import("…")` type. */
export interface Import {
  /** A file under the root without its extension, or the specifier of a package or builtin. */
  readonly to: string;
  /** Whether the import disappears when the types are removed. */
  readonly typeOnly: boolean;
}

/** The facts about a module that the rules check. */
export interface ModuleFacts {
  readonly imports: readonly Import[];
  readonly topLevelAwait: boolean;
  /** Whether the module augments other types: `declare global`, `declare module "…"`. */
  readonly augments: boolean;
  /** Whether the module contains only re-exports. */
  readonly reExportsOnly: boolean;
}

/** The modules by path without ".ts". */
export type ImportGraph = ReadonlyMap<string, ModuleFacts>;

/** Reads the import graph of these files under `root`. */
export function readImportGraph(root: string, files: readonly string[]): ImportGraph {
  return new Map(
    files.map((file) => [toName(file), parseModule(file, readFileSync(posix.join(root, file), "utf8"))]),
  );
}

export function parseModule(file: string, code: string): ModuleFacts {
  const { program, errors } = parseSync(file, code, { sourceType: "module" });
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
  const imports: Import[] = [];
  const add = (source: Node | null, typeOnly: boolean) => {
    if (!source) return;
    // A computed specifier could be any module, so "(computed)" breaks every rule.
    const text = source.type === "Literal" ? String(source.value) : "(computed)";
    const to = text.startsWith(".") ? toName(posix.join(posix.dirname(file), text)) : text;
    imports.push({ to, typeOnly });
  };
  let functions = 0;
  let topLevelAwait = false;
  let augments = false;
  const enter = () => void functions++;
  const exit = () => void functions--;
  new Visitor({
    ImportDeclaration: ({ source, importKind }) => add(source, importKind === "type"),
    ExportNamedDeclaration: ({ source, exportKind }) => add(source, exportKind === "type"),
    ExportAllDeclaration: ({ source, exportKind }) => add(source, exportKind === "type"),
    ImportExpression: ({ source }) => add(source, false),
    TSImportType: ({ source }) => add(source, true),
    TSExternalModuleReference: ({ expression }) => add(expression, false),
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": exit,
    FunctionExpression: enter,
    "FunctionExpression:exit": exit,
    ArrowFunctionExpression: enter,
    "ArrowFunctionExpression:exit": exit,
    AwaitExpression: () => {
      topLevelAwait ||= functions === 0;
    },
    ForOfStatement: ({ await: asynchronous }) => {
      topLevelAwait ||= asynchronous && functions === 0;
    },
    TSModuleDeclaration: ({ kind, id }) => {
      augments ||= kind === "global" || id.type === "Literal";
    },
  }).visit(program);
  return { imports, topLevelAwait, augments, reExportsOnly: reExportsOnly(program) };
}

function reExportsOnly({ body }: Program): boolean {
  return body.every(
    (node) =>
      node.type === "ExportAllDeclaration" ||
      (node.type === "ExportNamedDeclaration" && node.source !== null),
  );
}

/** Returns a module and everything that it imports, directly or indirectly. */
export function collectImports(
  graph: ImportGraph,
  start: string,
  follow: (edge: Import) => boolean = () => true,
): ReadonlySet<string> {
  const reached = new Set([start]);
  for (const name of reached) {
    for (const edge of graph.get(name)?.imports ?? []) if (follow(edge)) reached.add(edge.to);
  }
  return reached;
}

/** Returns the modules that import themselves through a cycle of run-time imports. */
export function findCycles(graph: ImportGraph): readonly string[] {
  const runtime = (edge: Import) => !edge.typeOnly;
  return [...graph.keys()].filter((name) =>
    graph
      .get(name)
      ?.imports.some((edge) => runtime(edge) && collectImports(graph, edge.to, runtime).has(name)),
  );
}

function toName(path: string): string {
  return path.replace(/\.ts$/, "");
}
