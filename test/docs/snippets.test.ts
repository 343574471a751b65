/**
 * The snippets in documents compile, and those that are marked `run` also run.
 *
 * Every TypeScript fence in the Markdown pages and in the JSDoc of src/ is its own module, checked as strictly as the
 * sources. These words may follow "```ts", in any order:
 *
 * - `run`: the snippet is also executed. It must exit with 0 within 50 seconds, so it must close its servers.
 * - `file=app.ts`: the snippet has this name. It shares a folder with the document's other fences, which can import it.
 * - `with=next`, `with=sveltekit`: the snippet uses the packages of test/frameworks/next/next-16 or
 *   test/frameworks/sveltekit/kit-3. The test of types in that framework's folder compiles it.
 * - `with=passport`: the snippet uses the packages of test/frameworks/passport, whose test of types compiles it.
 * - `with=components`: the snippet uses the packages of test/docs/components. test/docs/components.test.ts compiles it.
 *   Only such snippets may be in the languages `tsx`, `vue` and `svelte`.
 * - `[Express]`: the title of the snippet's tab in a `::: code-group` of the site.
 * - `nocheck "why"`: the snippet is not compiled and appears among the skipped tests with the reason. At most five are
 *   allowed.
 *
 * Any other word is an error, and so is TypeScript under another language name.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGE } from "../support/entries.ts";
import { fencesIn } from "./_fences.ts";
import { listScripts } from "./_npm-commands.ts";
import { commentsIn, docCommentFences, docComments, markdownFences, markdownFiles } from "./documents.ts";
import { parseSnippet, SNIPPET_LANGUAGES, type Snippet, SnippetFolder } from "./snippets.ts";

const MOST_UNCHECKED = 5;
/** Language names that would hide a snippet from the checks. */
const ALIASES = ["typescript", "mts", "cts", "js", "javascript", "jsx", "mjs", "cjs"];

const markdown = markdownFences();
const fences = [...markdown, ...docCommentFences()];
const snippets = fences.filter(({ language }) => SNIPPET_LANGUAGES.includes(language)).map(parseSnippet);
const own = snippets.filter(({ packages }) => packages === undefined);
const checked = own.filter(({ unchecked }) => unchecked === undefined);

const folder = new SnippetFolder(checked);
let errors: Awaited<ReturnType<SnippetFolder["compile"]>>;

beforeAll(async () => {
  errors = await folder.compile();
}, 60_000);

afterAll(() => folder.remove());

function formatTitle({ document, line }: Snippet): string {
  return `${document}:${line}`;
}

describe("snippets compile", () => {
  it.each(checked.map((snippet) => [formatTitle(snippet), snippet] as const))("%s", (_title, snippet) => {
    expect(errors.get(snippet) ?? []).toEqual([]);
  });

  for (const snippet of snippets) {
    if (snippet.unchecked) it.skip(`${formatTitle(snippet)} (nocheck: ${snippet.unchecked})`, () => {});
  }

  it("the compiler reports no errors outside of the snippets", () => {
    expect(errors.get(undefined) ?? []).toEqual([]);
  });

  it("at most five snippets are not compiled", () => {
    expect(own.length - checked.length).toBeLessThanOrEqual(MOST_UNCHECKED);
  });
});

describe("snippets marked `run` run", () => {
  const runnable = snippets.filter(({ run }) => run);
  beforeAll(() => folder.bundle(runnable));

  it.concurrent.each(runnable.map((snippet) => [formatTitle(snippet), snippet] as const))(
    "%s",
    async (_title, snippet) => {
      await folder.run(snippet);
    },
  );

  it("some snippets run", () => {
    expect(runnable).not.toEqual([]);
  });
});

describe("the documents", () => {
  it.each(["README.md", "CONTRIBUTING.md"])("%s has snippets", (document) => {
    expect(checked.filter((snippet) => snippet.document === document)).not.toEqual([]);
  });

  it("the JSDoc of src/ has examples", () => {
    expect(checked.filter(({ document }) => document.startsWith("src/"))).not.toEqual([]);
  });

  it("TypeScript fences use the language name `ts`", () => {
    const others = fences.filter(({ language }) => ALIASES.includes(language.toLowerCase()));
    expect(others.map(({ document, line, language }) => `${document}:${line} ${language}`)).toEqual([]);
  });

  it("each @example has a fence", () => {
    const bare = docComments().filter(({ text }) => /@example(?!\s*\n\s*```ts)/.test(text));
    expect(bare.map(({ document, line }) => `${document}:${line}`)).toEqual([]);
  });

  it.each(markdownFiles())("%s mentions only npm scripts that exist", (document) => {
    const called = listScripts(markdown.filter((fence) => fence.document === document));
    expect(called.filter((script) => !(script in PACKAGE.scripts))).toEqual([]);
  });

  it("README.md mentions npm run demo and npm test", () => {
    const called = listScripts(markdown.filter(({ document }) => document === "README.md"));
    expect(called).toEqual(expect.arrayContaining(["demo", "test"]));
  });
});

describe("the snippet parser", () => {
  it("fencesIn finds fences in texts, lists and longer fences, with their lines", () => {
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

  it("commentsIn and fencesIn find fences in JSDoc, with the line of the file", () => {
    const code =
      "const a = 1;\n/**\n * Says it.\n *\n * @example\n * ```ts\n * one;\n * ```\n */\nconst b = '/** ```ts */';";
    const [comment] = commentsIn("a.ts", code);
    expect(fencesIn("a.ts", comment?.text ?? "", comment?.line)).toEqual([
      { document: "a.ts", line: 7, language: "ts", info: "", code: "one;\n" },
    ]);
  });

  it("parseSnippet reads the known words of the info string and throws for others", () => {
    const read = (info: string, language = "ts") =>
      parseSnippet({ document: "a.md", line: 3, language, info, code: "" });
    expect(read("")).toMatchObject({ file: "line-3.ts", run: false, unchecked: undefined });
    expect(read("file=src/app.ts run")).toMatchObject({ file: "src/app.ts", run: true });
    expect(read("[Express 5] run file=app.ts")).toMatchObject({ file: "app.ts", run: true });
    expect(read('nocheck "half of a statement"')).toMatchObject({ unchecked: "half of a statement" });
    expect(read("with=components", "vue")).toMatchObject({ file: "line-3.vue", packages: "components" });
    expect(() => read("", "vue")).toThrow("a.md:3");
    for (const info of ["rum", "nocheck", 'nocheck ""', "file=../a.md", 'run nocheck "why"']) {
      expect(() => read(info)).toThrow("a.md:3");
    }
  });

  it("listScripts finds the npm scripts that commands call", () => {
    const code =
      "$ npm ci && npm run demo # npm run no\nPORT=1 npm run a; npm t\nnpx vitest\necho npm run b\nnpm start\n";
    const fence = { document: "a.md", line: 1, language: "sh", info: "", code };
    expect(listScripts([fence, { ...fence, language: "ts" }])).toEqual(["demo", "a", "test", "start"]);
  });
});
