import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docCommentFences, markdownFences } from "../../docs/documents.ts";
import { parseSnippet, type Snippet, SnippetFolder } from "../../docs/snippets.ts";
import { installNext, NEXT } from "./build.ts";

const snippets = [...markdownFences(), ...docCommentFences()]
  .filter(({ language }) => language === "ts")
  .map(parseSnippet)
  .filter(({ packages }) => packages === "next");
const types = ["handlers.ts"].map((file): Snippet => {
  const document = "test/frameworks/next/next-16/types";
  const code = readFileSync(`${NEXT}types/${file}`, "utf8");
  return { document, line: 1, code, file, run: false, packages: "next", unchecked: undefined };
});

describe("Next.js's own types", () => {
  let folder: SnippetFolder | undefined;
  let errors: Awaited<ReturnType<SnippetFolder["compile"]>>;
  beforeAll(async () => {
    await installNext();
    // "next/headers" resolves only with the options that Next.js sets.
    const options = { module: "esnext", moduleResolution: "bundler" };
    folder = new SnippetFolder([...snippets, ...types], `${NEXT}node_modules`, options);
    errors = await folder.compile();
  }, 180_000);
  afterAll(() => folder?.remove());

  const all = [...snippets, ...types].map(
    (snippet) => [`${snippet.document}:${snippet.line}`, snippet] as const,
  );
  it.each(all)("%s compiles with Next.js's own types", (_title, snippet) => {
    expect(errors.get(snippet) ?? []).toEqual([]);
  });

  it("no other file has compile errors", () => {
    expect(errors.get(undefined) ?? []).toEqual([]);
  });

  it("the adapter's page and JSDoc both have snippets to compile", () => {
    const documents = snippets.map(({ document }) => document);
    expect(documents).toEqual(expect.arrayContaining(["docs/frameworks/next.md", "src/adapters/next.ts"]));
  });
});
