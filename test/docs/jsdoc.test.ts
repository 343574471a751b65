import { describe, expect, it } from "vitest";
import { ENTRIES } from "../support/entries.ts";
import { type Exported, exportedBy, exportsOf } from "../support/exported.ts";

function formatPlace({ name, file, line }: Exported): string {
  return `${name} (src/${file}:${line})`;
}

/** Whether the comment has text besides tags. */
function hasText(doc: string | undefined): boolean {
  return /[\p{L}`]/u.test(doc?.split(/@\w/)[0] ?? "");
}

describe.each([...ENTRIES])("the exports of %s", (_subpath, file) => {
  it("each export has a JSDoc comment", () => {
    expect(
      exportedBy(file)
        .filter(({ doc }) => !hasText(doc))
        .map(formatPlace),
    ).toEqual([]);
  });

  it("no export is marked @internal", () => {
    const internal = exportedBy(file).filter(({ doc }) => doc?.includes("@internal"));
    expect(internal.map(formatPlace)).toEqual([]);
  });
});

describe("exportsOf", () => {
  const none = (): readonly Exported[] => [];

  it("exportsOf finds the comment directly before a declaration", () => {
    const code =
      "/** One. */\nexport const a = 1;\n\n/* Two. */\nexport type B = 1;\n/** Three. */\nconst c = 1;\nexport class D {}";
    expect(exportsOf("a.ts", code, none)).toEqual([
      { name: "a", file: "a.ts", line: 2, typeOnly: false, doc: "* One. " },
      { name: "B", file: "a.ts", line: 5, typeOnly: true, doc: undefined },
      { name: "D", file: "a.ts", line: 8, typeOnly: false, doc: undefined },
    ]);
  });

  it("exportsOf lists an overloaded function once, with the comment of its first signature", () => {
    const code =
      "/** One. */\nexport function a(): 1;\nexport function a(b: 1): 2;\nexport function a(): number {}";
    expect(exportsOf("a.ts", code, none)).toEqual([
      { name: "a", file: "a.ts", line: 2, typeOnly: false, doc: "* One. " },
    ]);
  });

  it("exportsOf follows a re-export to its declaration", () => {
    const others = (file: string) => exportsOf(file, "/** One. */\nexport class A {}", none);
    expect(exportsOf("x/index.ts", 'export { type A as B } from "./a.ts";', others)).toEqual([
      { name: "B", file: "x/a.ts", line: 2, typeOnly: true, doc: "* One. " },
    ]);
    expect(() => exportsOf("x/index.ts", 'export { C } from "./a.ts";', others)).toThrow(
      "re-exports C, which x/a.ts does not export",
    );
  });

  it("exportsOf rejects default and wildcard exports", () => {
    expect(() => exportsOf("a.ts", 'export * from "./b.ts";', none)).toThrow(
      "must export each name explicitly",
    );
    expect(() => exportsOf("a.ts", "export default 1;", none)).toThrow("must export each name explicitly");
  });

  it("tags alone do not document an export", () => {
    expect(hasText("* @internal ")).toBe(false);
    expect(hasText("*\n * @example\n * one\n")).toBe(false);
    expect(hasText("* One. ")).toBe(true);
  });
});
