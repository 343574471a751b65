import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { type Comment, type Program, parseSync } from "oxc-parser";
import { ROOT } from "./entries.ts";

/** An export of an entry, and its declaration. */
export interface Exported {
  readonly name: string;
  /** The path under src/. */
  readonly file: string;
  readonly line: number;
  /** Whether the export exists only as a type. */
  readonly typeOnly: boolean;
  /** The JSDoc comment of the declaration. */
  readonly doc: string | undefined;
}

/** Lists the exports of a file of src/, resolved to their declarations. */
export function exportedBy(file: string): readonly Exported[] {
  return exportsOf(file, readFileSync(`${ROOT}src/${file}`, "utf8"), exportedBy);
}

export function exportsOf(
  file: string,
  code: string,
  others: (file: string) => readonly Exported[],
): readonly Exported[] {
  const { program, comments } = parseSync(file, code, { sourceType: "module" });
  const found: Exported[] = [];
  for (const node of program.body) {
    if (node.type === "ExportAllDeclaration" || node.type === "ExportDefaultDeclaration") {
      throw new Error(`${file} must export each name explicitly.`);
    }
    if (node.type !== "ExportNamedDeclaration") continue;
    for (const { name, typeOnly } of declared(node.declaration)) {
      // Only the first overload has a comment.
      if (found.some((each) => each.name === name)) continue;
      const line = code.slice(0, node.start).split("\n").length;
      found.push({ name, file, line, typeOnly, doc: docBefore(node.start, code, comments) });
    }
    for (const { local, exported, exportKind } of node.specifiers) {
      if (!node.source || local.type === "Literal" || exported.type === "Literal") {
        throw new Error(`${file} must export its own declarations, or re-export with \`export … from\`.`);
      }
      const from = posix.join(posix.dirname(file), node.source.value);
      const origin = others(from).find(({ name }) => name === local.name);
      if (!origin) throw new Error(`${file} re-exports ${local.name}, which ${from} does not export.`);
      const typeOnly = origin.typeOnly || node.exportKind === "type" || exportKind === "type";
      found.push({ ...origin, name: exported.name, typeOnly });
    }
  }
  return found;
}

type Declaration = Extract<Program["body"][number], { type: "ExportNamedDeclaration" }>["declaration"];

function declared(node: Declaration): ReadonlyArray<{ name: string; typeOnly: boolean }> {
  switch (node?.type) {
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return [{ name: node.id.name, typeOnly: true }];
    case "ClassDeclaration":
    case "FunctionDeclaration":
    // TSDeclareFunction is the signature of an overload.
    case "TSDeclareFunction":
      return node.id ? [{ name: node.id.name, typeOnly: false }] : [];
    case "VariableDeclaration":
      return node.declarations.flatMap(({ id }) =>
        id.type === "Identifier" ? [{ name: id.name, typeOnly: false }] : [],
      );
    default:
      return [];
  }
}

function docBefore(start: number, code: string, comments: readonly Comment[]): string | undefined {
  const last = comments.findLast(({ end }) => end <= start);
  const right =
    last?.type === "Block" && last.value.startsWith("*") && /^\s*$/.test(code.slice(last.end, start));
  return right ? last.value : undefined;
}
