import { readFileSync } from "node:fs";
import { type Comment, type Node, parseSync } from "oxc-parser";
import { ROOT } from "./entries.ts";
import { exportedBy } from "./exported.ts";

/** A declaration, with the comments that mark internal members. */
interface Found {
  readonly node: Node;
  readonly code: string;
  readonly comments: readonly Comment[];
}

/** Finds the declaration of a name that an entry of the package exports. */
function findDeclaration(name: string, entry: string): Found {
  const file = exportedBy(entry).find((each) => each.name === name)?.file;
  if (file === undefined) throw new Error(`${entry} does not export ${name}.`);
  const code = readFileSync(`${ROOT}src/${file}`, "utf8");
  const { program, comments } = parseSync(file, code, { sourceType: "module" });
  for (const statement of program.body) {
    const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (node && "id" in node && node.id?.type === "Identifier" && node.id.name === name)
      return { node, code, comments };
  }
  throw new Error(`${file} does not declare ${name}.`);
}

/** Returns the names of the public members of an interface or a class, without those marked `@internal`. */
export function membersOf(name: string, entry = "index.ts"): string[] {
  const { node, code, comments } = findDeclaration(name, entry);
  if (node.type !== "TSInterfaceDeclaration" && node.type !== "ClassDeclaration")
    throw new Error(`${name} must be an interface or a class.`);
  const names = node.body.body.flatMap((member) => {
    if (!("key" in member) || member.key.type !== "Identifier" || member.key.name === "constructor")
      return [];
    const last = comments.findLast(({ end }) => end <= member.start);
    const documented = last && /^\s*$/.test(code.slice(last.end, member.start));
    return documented && last.value.includes("@internal") ? [] : [member.key.name];
  });
  return [...new Set(names)].sort();
}

/** Returns the strings of a union of string literals, such as `"a" | "b"`. */
export function textsOf(name: string): string[] {
  const { node } = findDeclaration(name, "index.ts");
  if (node.type !== "TSTypeAliasDeclaration" || node.typeAnnotation.type !== "TSUnionType")
    throw new Error(`${name} must be a union.`);
  return node.typeAnnotation.types
    .map((type) => {
      if (
        type.type !== "TSLiteralType" ||
        !("value" in type.literal) ||
        typeof type.literal.value !== "string"
      )
        throw new Error(`${name} must contain only string literals.`);
      return type.literal.value;
    })
    .sort();
}
