/**
 * What documents show is compiled, and run where they say so.
 *
 * Every fence of TypeScript in the Markdown pages and in the JSDoc of src/ is a module by itself, checked as strictly
 * as the sources. Behind "```ts" may stand, in any order:
 *
 * - `run`: it is also executed, and must exit with 0 within 20 seconds. It ends by itself: no server is left open.
 * - `file=app.ts`: it has that name, in a folder that it shares with the document's other fences; these can import it.
 * - `with=next`: its packages are those of test/frameworks/next/next-16; test/frameworks/next/types.test.ts compiles it.
 * - `nocheck "why"`: it is not compiled. It shows up among the skipped tests, with the reason; a handful are allowed.
 *
 * Anything else there is an error, and so is TypeScript under another name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGE } from "../support/entries.ts";
import { fencesIn } from "./_fences.ts";
import { scriptsCalled } from "./_npm-commands.ts";
import { commentsIn, docCommentFences, docComments, markdownFences, markdownFiles } from "./documents.ts";
import { type Snippet, SnippetFolder, snippetOf } from "./snippets.ts";

const MOST_UNCHECKED = 5;
/** Names by which code would get past the checks. */
const ALIASES = ["typescript", "tsx", "mts", "cts", "js", "javascript", "jsx", "mjs", "cjs"];

const markdown = markdownFences();
const fences = [...markdown, ...docCommentFences()];
const snippets = fences.filter(({ language }) => language === "ts").map(snippetOf);
const own = snippets.filter(({ packages }) => packages === undefined);
const checked = own.filter(({ unchecked }) => unchecked === undefined);

const folder = new SnippetFolder(checked);
let told: Awaited<ReturnType<SnippetFolder["compile"]>>;

beforeAll(async () => {
  told = await folder.compile();
}, 60_000);

afterAll(() => folder.remove());

function titleOf({ document, line }: Snippet): string {
  return `${document}:${line}`;
}

describe("every snippet compiles", () => {
  it.each(checked.map((snippet) => [titleOf(snippet), snippet] as const))("%s", (_title, snippet) => {
    expect(told.get(snippet) ?? []).toEqual([]);
  });

  for (const snippet of snippets) {
    if (snippet.unchecked) it.skip(`${titleOf(snippet)} (nocheck: ${snippet.unchecked})`, () => {});
  }

  it("with nothing said of other files", () => {
    expect(told.get(undefined) ?? []).toEqual([]);
  });

  it("but for a handful, with reasons", () => {
    expect(own.length - checked.length).toBeLessThanOrEqual(MOST_UNCHECKED);
  });
});

describe("every snippet that says `run` runs", () => {
  const runnable = snippets.filter(({ run }) => run);

  it.concurrent.each(runnable.map((snippet) => [titleOf(snippet), snippet] as const))(
    "%s",
    async (_title, snippet) => {
      await folder.run(snippet);
    },
  );

  it("and README.md has some", () => {
    expect(runnable.filter(({ document }) => document === "README.md")).not.toEqual([]);
  });
});

describe("the documents", () => {
  it.each(["README.md", "CONTRIBUTING.md"])("have snippets in %s", (document) => {
    expect(checked.filter((snippet) => snippet.document === document)).not.toEqual([]);
  });

  it("have examples in the JSDoc", () => {
    expect(checked.filter(({ document }) => document.startsWith("src/"))).not.toEqual([]);
  });

  it("call TypeScript `ts`", () => {
    const others = fences.filter(({ language }) => ALIASES.includes(language.toLowerCase()));
    expect(others.map(({ document, line, language }) => `${document}:${line} ${language}`)).toEqual([]);
  });

  it("have a fence under each @example", () => {
    const bare = docComments().filter(({ text }) => /@example(?!\s*\n\s*```ts)/.test(text));
    expect(bare.map(({ document, line }) => `${document}:${line}`)).toEqual([]);
  });

  it.each(markdownFiles())("name npm scripts that there are in %s", (document) => {
    const called = scriptsCalled(markdown.filter((fence) => fence.document === document));
    expect(called.filter((script) => !(script in PACKAGE.scripts))).toEqual([]);
  });

  it("name the two commands in README.md", () => {
    const called = scriptsCalled(markdown.filter(({ document }) => document === "README.md"));
    expect(called).toEqual(expect.arrayContaining(["demo", "test"]));
  });
});

describe("the reader of snippets", () => {
  it("finds fences in texts, lists and longer fences, with their lines", () => {
    const text = [
      "a",
      "```ts run",
      "one",
      "```",
      "- b",
      "  ~~~sh",
      "    two",
      "  ~~~",
      "````",
      "```",
      "````",
    ].join("\n");
    expect(fencesIn("a.md", text)).toEqual([
      { document: "a.md", line: 3, language: "ts", info: "run", code: "one\n" },
      { document: "a.md", line: 7, language: "sh", info: "", code: "  two\n" },
      { document: "a.md", line: 10, language: "", info: "", code: "```\n" },
    ]);
    expect(() => fencesIn("a.md", "```ts")).toThrow("a.md:1");
  });

  it("finds fences in JSDoc, with the line of the file", () => {
    const code =
      "const a = 1;\n/**\n * Says it.\n *\n * @example\n * ```ts\n * one;\n * ```\n */\nconst b = '/** ```ts */';";
    const [comment] = commentsIn("a.ts", code);
    expect(fencesIn("a.ts", comment?.text ?? "", comment?.line)).toEqual([
      { document: "a.ts", line: 7, language: "ts", info: "", code: "one;\n" },
    ]);
  });

  it("reads what stands behind the language, and nothing else", () => {
    const read = (info: string) => snippetOf({ document: "a.md", line: 3, language: "ts", info, code: "" });
    expect(read("")).toMatchObject({ file: "line-3.ts", run: false, unchecked: undefined });
    expect(read("file=src/app.ts run")).toMatchObject({ file: "src/app.ts", run: true });
    expect(read('nocheck "half of a statement"')).toMatchObject({ unchecked: "half of a statement" });
    for (const info of ["rum", "nocheck", 'nocheck ""', "file=../a.md", 'run nocheck "why"']) {
      expect(() => read(info)).toThrow("a.md:3");
    }
  });

  it("finds the scripts that commands call", () => {
    const code =
      "$ npm ci && npm run demo # npm run no\nPORT=1 npm run a; npm t\nnpx vitest\necho npm run b\nnpm start\n";
    const fence = { document: "a.md", line: 1, language: "sh", info: "", code };
    expect(scriptsCalled([fence, { ...fence, language: "ts" }])).toEqual(["demo", "a", "test", "start"]);
  });
});
