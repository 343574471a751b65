import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { type Node, type Program, parseSync, Visitor } from "oxc-parser";

/** One import, re-export, `import()` or `import("…")` type. */
export interface Import {
  /** A file under the root without its ending, or what is imported as it is written: a package, a builtin. */
  readonly to: string;
  /** Whether nothing of it is left when the types are gone. */
  readonly typeOnly: boolean;
}

/** What a module says about itself, as far as the rules look at it. */
export interface ModuleFacts {
  readonly imports: readonly Import[];
  readonly topLevelAwait: boolean;
  /** Whether it adds to the types of others: `declare global`, `declare module "…"`. */
  readonly augments: boolean;
  /** Whether it has re-exports and nothing else. */
  readonly reExportsOnly: boolean;
}

/** The modules by their path without ".ts". */
export type ImportGraph = ReadonlyMap<string, ModuleFacts>;

/** Reads the graph of these files under `root`. */
export function importGraph(root: string, files: readonly string[]): ImportGraph {
  return new Map(
    files.map((file) => [nameOf(file), factsOf(file, readFileSync(posix.join(root, file), "utf8"))]),
  );
}

export function factsOf(file: string, code: string): ModuleFacts {
  const { program, errors } = parseSync(file, code, { sourceType: "module" });
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`);
  const imports: Import[] = [];
  const add = (source: Node | null, typeOnly: boolean) => {
    if (!source) return;
    // What is no plain text could be anything: it breaks every rule.
    const text = source.type === "Literal" ? String(source.value) : "(computed)";
    const to = text.startsWith(".") ? nameOf(posix.join(posix.dirname(file), text)) : text;
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

/** Everything that a module brings in, itself included. */
export function closureOf(
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

/** The modules that come back to themselves by imports which are there at run time. */
export function cyclic(graph: ImportGraph): readonly string[] {
  const runtime = (edge: Import) => !edge.typeOnly;
  return [...graph.keys()].filter((name) =>
    graph.get(name)?.imports.some((edge) => runtime(edge) && closureOf(graph, edge.to, runtime).has(name)),
  );
}

function nameOf(path: string): string {
  return path.replace(/\.ts$/, "");
}
