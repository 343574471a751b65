import { readFileSync } from "node:fs";
import { type Comment, parseSync, type TSInterfaceDeclaration, type TSSignature } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { ROOT, sourceFiles } from "../support/entries.ts";
import { EXAMPLES } from "./option-examples.ts";
import { DEFAULTS, SECTIONS, type Section } from "./option-sections.ts";

/** An option as its interface declares it. */
interface DeclaredOption {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  /** Paragraphs of the JSDoc comment. */
  readonly description: readonly string[];
}

interface DeclaredInterface {
  readonly node: TSInterfaceDeclaration;
  readonly code: string;
  readonly comments: readonly Comment[];
}

const INTERFACES: ReadonlyMap<string, DeclaredInterface> = new Map(
  sourceFiles().flatMap((file) => findInterfaces(file, readFileSync(`${ROOT}src/${file}`, "utf8"))),
);

function findInterfaces(file: string, code: string): ReadonlyArray<[string, DeclaredInterface]> {
  const { program, comments } = parseSync(file, code, { sourceType: "module" });
  return program.body.flatMap((statement) => {
    const node = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    return node?.type === "TSInterfaceDeclaration" ? [[node.id.name, { node, code, comments }] as const] : [];
  }) as Array<[string, DeclaredInterface]>;
}

/** Lists the options of an interface after those that it inherits: `extends Other` and `extends Pick<Other, "name">`. */
function listDeclared(
  name: string,
  interfaces: ReadonlyMap<string, DeclaredInterface> = INTERFACES,
): readonly DeclaredOption[] {
  const found = interfaces.get(name);
  if (!found) throw new Error(`src has no interface ${name}`);
  const { node, code } = found;
  const inherited = node.extends.flatMap(({ start, end }) => {
    const parent = code.slice(start, end);
    const [, picked, keys = ""] = /^Pick<(\w+), (.+)>$/.exec(parent) ?? [];
    return listDeclared(picked ?? parent, interfaces).filter(
      (option) => !picked || keys.includes(`"${option.name}"`),
    );
  });
  return [...inherited, ...node.body.body.map((member) => toDeclared(member, found))];
}

function toDeclared(member: TSSignature, { code, comments }: DeclaredInterface): DeclaredOption {
  if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier" || !member.typeAnnotation)
    throw new Error(
      `an option must be a property with a name and a type: ${code.slice(member.start, member.end)}`,
    );
  const { start, end } = member.typeAnnotation.typeAnnotation;
  const doc = comments.findLast((comment) => comment.end <= member.start);
  if (!doc?.value.startsWith("*") || !/^\s*$/.test(code.slice(doc.end, member.start)))
    throw new Error(`an option must have a JSDoc comment: ${code.slice(member.start, member.end)}`);
  const text = doc.value
    .replace(/^\*/, "")
    .replaceAll(/^ *\* ?/gm, "")
    .trim();
  return {
    name: member.key.name,
    type: code.slice(start, end),
    optional: member.optional,
    description: text.split(/\n\s*\n/),
  };
}

/** The code of each example by section and option: `"cookie.name"` → `"shop"`. */
const EXAMPLE_CODE: ReadonlyMap<string, string> = readExamples(
  readFileSync(`${ROOT}test/docs/option-examples.ts`, "utf8"),
);

function readExamples(code: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const sections = /^ {2}(\w+): (\{.*?\}) satisfies /gms;
  for (const [, title, object = ""] of code.matchAll(sections)) {
    const { program } = parseSync("example.ts", `(${object})`, { sourceType: "module" });
    const [statement] = program.body;
    if (statement?.type !== "ExpressionStatement") continue;
    const parenthesized = statement.expression;
    const value = parenthesized.type === "ParenthesizedExpression" ? parenthesized.expression : parenthesized;
    for (const property of value.type === "ObjectExpression" ? value.properties : []) {
      if (property.type !== "Property" || property.key.type !== "Identifier") continue;
      const text = `(${object})`.slice(property.value.start, property.value.end).replaceAll(/\s+/g, " ");
      found.set(`${title}.${property.key.name}`, text);
    }
  }
  return found;
}

/** Returns the entry of one option. Only the manager's options have no prefix, so that every heading is unique. */
function toEntry({ title, table }: Section, { name, type, optional, description }: DeclaredOption): string {
  const path = `${title}.${name}`;
  return [
    `### ${title === "Manager" ? name : path}`,
    "",
    `- Type: \`${type.replaceAll(/\s+/g, " ")}\``,
    `- Default: ${optional ? (DEFAULTS[path] ?? formatDefault(table[name]?.default)) : "none, required"}`,
    `- Example: \`${EXAMPLE_CODE.get(path)}\``,
    "",
    ...description.flatMap((text) => [text.replaceAll(/:\n(?=- )/g, ":\n\n"), ""]),
  ].join("\n");
}

function formatDefault(value: unknown): string {
  if (value === undefined) return "none";
  const literal = JSON.stringify(value, undefined, 1)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/"(\w+)":/g, "$1:");
  return `\`${literal}\``;
}

describe("docs/reference/options.md", () => {
  it("docs/reference/options.md lists each option with its type, default and description", async () => {
    const page = [
      "# Options",
      "",
      'Every option of sessionup. Durations are strings such as `"15m"`, `"24h"` or `"30d"`; `duration(text)` parses one from',
      "the environment. All options of a call are checked before any I/O. An invalid or unknown option throws a `TypeError` that",
      "names it and says how to fix it. The [pages of the frameworks](../frameworks/express.md) show `reject` in a whole app.",
      "",
      "<!-- Generated from the option tables and their interfaces in src/: npx vitest run test/docs/options.test.ts -u -->",
      "",
      ...SECTIONS.flatMap((section) => [
        `## Options of ${section.title}`,
        "",
        section.about,
        "",
        ...listDeclared(section.declaredBy).map((option) => toEntry(section, option)),
      ]),
    ];
    await expect(page.join("\n")).toMatchFileSnapshot(`${ROOT}docs/reference/options.md`);
  });

  describe.each(SECTIONS)("options of $title", ({ title, declaredBy, table }) => {
    const declared = listDeclared(declaredBy);

    it(`the table of ${title} has exactly the options that ${declaredBy} declares`, () => {
      expect(Object.keys(table).sort()).toEqual(declared.map(({ name }) => name).sort());
    });

    const examples: Readonly<Record<string, unknown>> = EXAMPLES[title as keyof typeof EXAMPLES];
    it.each(declared.map(({ name }) => name))(`the example of ${title}.%s is valid`, (name) => {
      expect(EXAMPLE_CODE.get(`${title}.${name}`)).toBeTruthy();
      expect(() => table[name]?.parse(examples[name], name)).not.toThrow();
    });
  });

  it("each default that the test states belongs to an option whose table shows no value", () => {
    const stale = Object.keys(DEFAULTS).filter((path) => {
      const [title, name = ""] = path.split(".");
      const option = SECTIONS.find((section) => section.title === title)?.table[name];
      return !option || !["{}", undefined].includes(JSON.stringify(option.default));
    });
    expect(stale).toEqual([]);
  });

  it("listDeclared reads inherited options, types over several lines and paragraphs", () => {
    const code = `
      interface Base {
        /** One. */
        readonly a?: number;
        /** Not picked. */
        readonly b: string;
      }
      export interface Options extends Pick<Base, "a"> {
        /**
         * Two.
         *
         * - Three.
         */
        readonly c: () => void;
      }`;
    expect(listDeclared("Options", new Map(findInterfaces("a.ts", code)))).toEqual([
      { name: "a", type: "number", optional: true, description: ["One."] },
      { name: "c", type: "() => void", optional: false, description: ["Two.", "- Three."] },
    ]);
    expect(() => listDeclared("Missing", new Map())).toThrow("src has no interface Missing");
    const undocumented = new Map(findInterfaces("a.ts", "interface Options { a?: number }"));
    expect(() => listDeclared("Options", undocumented)).toThrow(
      "an option must have a JSDoc comment: a?: number",
    );
  });
});
