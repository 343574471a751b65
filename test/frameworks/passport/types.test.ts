import { afterAll, beforeAll, describe, expect, it } from "vitest";
import config from "../../../tsconfig.json" with { type: "json" };
import { docCommentFences, markdownFences } from "../../docs/documents.ts";
import { parseSnippet, SnippetFolder } from "../../docs/snippets.ts";
import { ROOT } from "../../support/entries.ts";
import { compile } from "../build.ts";
import { installPassport, PASSPORT } from "./packages.ts";

const snippets = [...markdownFences(), ...docCommentFences()]
  .filter(({ language }) => language === "ts")
  .map(parseSnippet)
  .filter(({ packages }) => packages === "passport");

/** The sources of this package, and NestJS, which is in the repository's own packages. */
const paths = Object.fromEntries([
  ...Object.entries(config.compilerOptions.paths).map(([name, [path]]) => [name, [ROOT + path]]),
  ...["common", "core"].map((name) => [
    `@nestjs/${name}`,
    [`${ROOT}node_modules/@nestjs/${name}/index.d.ts`],
  ]),
]);

describe("the types of @types/passport", () => {
  let folder: SnippetFolder | undefined;
  let errors: Awaited<ReturnType<SnippetFolder["compile"]>>;
  beforeAll(async () => {
    await installPassport();
    folder = new SnippetFolder(snippets, `${PASSPORT}node_modules`, { paths });
    errors = await folder.compile();
  }, 600_000);
  afterAll(() => folder?.remove());

  it.each(snippets.map((snippet) => [`${snippet.document}:${snippet.line}`, snippet] as const))(
    "%s compiles",
    (_title, snippet) => {
      expect(errors.get(snippet) ?? []).toEqual([]);
    },
  );

  it("no other file has compile errors", () => {
    expect(errors.get(undefined) ?? []).toEqual([]);
  });

  it("the guide and the JSDoc both have snippets to compile", () => {
    const documents = snippets.map(({ document }) => document);
    expect(documents).toEqual(
      expect.arrayContaining(["docs/guides/passport.md", "src/adapters/passport.ts"]),
    );
  });

  it("the apps of the tests compile", async () => {
    await expect(compile(PASSPORT)).resolves.toBeUndefined();
  });
});
