import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { markdownFences } from "../../docs/documents.ts";
import { parseSnippet, SnippetFolder } from "../../docs/snippets.ts";
import { installSvelteKit, PACKAGES } from "./build.ts";

const snippets = markdownFences()
  .filter(({ language }) => language === "ts")
  .map(parseSnippet)
  .filter(({ packages }) => packages === "sveltekit");

describe("SvelteKit's own types", () => {
  let folder: SnippetFolder | undefined;
  let errors: Awaited<ReturnType<SnippetFolder["compile"]>>;
  beforeAll(async () => {
    await installSvelteKit(3);
    const options = { module: "esnext", moduleResolution: "bundler", types: [] };
    folder = new SnippetFolder(snippets, `${PACKAGES[3]}node_modules`, options);
    errors = await folder.compile();
  }, 180_000);
  afterAll(() => folder?.remove());

  it.each(snippets.map((snippet) => [`${snippet.document}:${snippet.line}`, snippet] as const))(
    "%s compiles with SvelteKit's own types",
    (_title, snippet) => {
      expect(errors.get(snippet) ?? []).toEqual([]);
    },
  );

  it("no other file has compile errors", () => {
    expect(errors.get(undefined) ?? []).toEqual([]);
  });

  it("the adapter's page and the quick start both have snippets to compile", () => {
    const documents = snippets.map(({ document }) => document);
    expect(documents).toEqual(
      expect.arrayContaining(["docs/frameworks/sveltekit.md", "docs/start/quick-start.md"]),
    );
  });
});
