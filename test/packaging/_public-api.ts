import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { promisify } from "node:util";
import { type Program, parseSync, Visitor } from "oxc-parser";
import { ENTRIES, PACKAGE, ROOT } from "../support/entries.ts";

interface Module {
  readonly declarations: Map<string, Declaration>;
  /** Imports by their local name, exports by their exported name. */
  readonly imports: Map<string, Origin>;
  readonly exports: Map<string, Origin>;
}

interface Declaration {
  readonly name: string;
  readonly module: string;
  /** Several for an overloaded function. */
  readonly texts: string[];
  /** Every identifier in the text; only those that resolve to a declaration or an import count. */
  readonly identifiers: Set<string>;
}

/** A name in a module of this package, such as `manager.ts`, or in another package. */
interface Origin {
  readonly module: string;
  readonly name: string;
}

/** Returns the public types of each subpath as Markdown, without comments and without `@internal` members. */
export async function publicApi(): Promise<ReadonlyMap<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "sessionup-api-"));
  try {
    await emitDeclarations(folder);
    const modules = new Map<string, Module>();
    for (const file of ENTRIES.values()) await readModules(folder, file, modules);
    const main = new Set(resolveExports(modules, "index.ts").values());
    return new Map(
      [...ENTRIES].map(([subpath, file]) => [subpath, describeEntry(modules, subpath, file, main)]),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

// dist/ may be older than the sources, so the compiler runs again.
async function emitDeclarations(folder: string): Promise<void> {
  const tsc = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");
  const options = ["--emitDeclarationOnly", "--removeComments", "--outDir", folder];
  await promisify(execFile)(process.execPath, [tsc, "-p", `${ROOT}tsconfig.build.json`, ...options]);
}

async function readModules(folder: string, file: string, modules: Map<string, Module>): Promise<void> {
  if (modules.has(file)) return;
  const module = parseModule(file, await readFile(join(folder, file.replace(/\.ts$/, ".d.ts")), "utf8"));
  modules.set(file, module);
  for (const { module: other } of [...module.imports.values(), ...module.exports.values()]) {
    if (other.endsWith(".ts")) await readModules(folder, other, modules);
  }
}

function parseModule(file: string, code: string): Module {
  const { program } = parseSync(file, code, { sourceType: "module", lang: "dts" });
  const module: Module = { declarations: new Map(), imports: new Map(), exports: new Map() };
  const pathTo = (source: string) =>
    source.startsWith(".") ? posix.join(posix.dirname(file), source) : source;
  for (const node of program.body) {
    if (node.type === "ImportDeclaration") {
      for (const specifier of node.specifiers) {
        const name = specifier.type === "ImportSpecifier" ? toText(specifier.imported) : "default";
        module.imports.set(specifier.local.name, { module: pathTo(node.source.value), name });
      }
    } else if (node.type === "ExportNamedDeclaration" && !node.declaration) {
      for (const { local, exported } of node.specifiers) {
        const from = node.source ? pathTo(node.source.value) : file;
        module.exports.set(toText(exported), { module: from, name: toText(local) });
      }
    } else {
      const exported = node.type === "ExportNamedDeclaration";
      const name = declaredName((exported && node.declaration) || node, file);
      const declaration = module.declarations.get(name) ?? {
        name,
        module: file,
        texts: [],
        identifiers: new Set(),
      };
      declaration.texts.push(code.slice(node.start, node.end).replace(/^export /, ""));
      new Visitor({ Identifier: (found) => void declaration.identifiers.add(found.name) }).visit({
        ...program,
        body: [node],
      });
      module.declarations.set(name, declaration);
      if (exported) module.exports.set(name, { module: file, name });
    }
  }
  return module;
}

function toText(node: { readonly name?: string; readonly value?: unknown }): string {
  return node.name ?? String(node.value);
}

function declaredName(node: Program["body"][number], file: string): string {
  const id =
    node.type === "VariableDeclaration" ? node.declarations[0]?.id : "id" in node ? node.id : undefined;
  if (id?.type !== "Identifier") throw new Error(`${file}: declaredName does not support ${node.type} yet`);
  return id.name;
}

/** Follows imports and re-exports. Returns undefined for an unknown name or a name of another package. */
function resolve(modules: ReadonlyMap<string, Module>, { module, name }: Origin): Declaration | undefined {
  const found = modules.get(module);
  if (!found) return undefined;
  const declared = found.declarations.get(name);
  const next = found.exports.get(name) ?? found.imports.get(name);
  return declared ?? (next && resolve(modules, next));
}

function resolveExports(
  modules: ReadonlyMap<string, Module>,
  file: string,
): ReadonlyMap<string, Declaration> {
  const names = [...(modules.get(file)?.exports.keys() ?? [])].sort();
  return new Map(
    names.map((name) => {
      const declaration = resolve(modules, { module: file, name });
      if (!declaration) throw new Error(`${file}: ${name} is exported but not declared in this package`);
      return [name, declaration];
    }),
  );
}

/** Prints the exports and the unexported types that they mention. The main entry's types appear as imports. */
function describeEntry(
  modules: ReadonlyMap<string, Module>,
  subpath: string,
  file: string,
  main: ReadonlySet<Declaration>,
): string {
  const exported = resolveExports(modules, file);
  const imported = new Map<string, Set<string>>();
  const addImport = (from: string, name: string) =>
    imported.set(from, (imported.get(from) ?? new Set()).add(name));
  const reached = new Set(exported.values());
  // The loop also visits what it adds.
  for (const { module, identifiers } of reached) {
    for (const name of identifiers) {
      const origin = modules.get(module)?.imports.get(name);
      const declaration = resolve(modules, origin ?? { module, name });
      if (origin && !modules.has(origin.module)) addImport(origin.module, origin.name);
      else if (declaration && !reached.has(declaration) && main.has(declaration))
        addImport(PACKAGE.name, name);
      else if (declaration) reached.add(declaration);
    }
  }
  const published = new Set(exported.values());
  const internal = [...reached].filter((declaration) => !published.has(declaration));
  const lines = [
    ...[...imported]
      .sort()
      .map(([from, names]) => `import { ${[...names].sort().join(", ")} } from "${from}";`),
    ...[...exported].map(([name, { name: local, texts }]) =>
      name === local
        ? `\n${texts.map((text) => `export ${text}`).join("\n")}`
        : `\nexport { ${local} as ${name} };\n${texts.join("\n")}`,
    ),
    ...(internal.length > 0 ? ["\n// Not exported, but part of the types above:"] : []),
    ...internal.map(({ texts }) => `\n${texts.join("\n")}`).sort(),
  ];
  return `# ${subpath.replace(/^\./, PACKAGE.name)}\n\n\`\`\`ts\n${lines.join("\n").trim()}\n\`\`\`\n`;
}
