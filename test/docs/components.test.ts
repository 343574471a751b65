/** The snippets in documents that are marked `with=components` compile with the types of their frameworks. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installPackages } from "../support/own-packages.ts";
import { markdownFences } from "./documents.ts";
import {
  parseSnippet,
  SNIPPET_LANGUAGES,
  type Snippet,
  SnippetFolder,
  type TypeChecker,
} from "./snippets.ts";

const PACKAGES = fileURLToPath(new URL("components/", import.meta.url));

/** Checks TypeScript, React and Vue. */
const VUE_TSC: TypeChecker = {
  command: `${PACKAGES}node_modules/.bin/vue-tsc`,
  args: ["--noEmit", "--pretty", "false"],
  error: /^(\S.*)\((\d+),\d+\): (.*)$/,
};
const SVELTE_CHECK: TypeChecker = {
  command: `${PACKAGES}node_modules/.bin/svelte-check`,
  args: ["--tsconfig", "tsconfig.json", "--output", "machine", "--fail-on-warnings"],
  error: /^\d+ (?:ERROR|WARNING) "(.*)" (\d+):\d+ (".*")$/,
  note: /^\d+ (?:START|COMPLETED) /,
};

const snippets = markdownFences()
  .filter(({ language }) => SNIPPET_LANGUAGES.includes(language))
  .map(parseSnippet)
  .filter(({ packages }) => packages === "components");

/** The snippets, with a mistake in each template. */
const broken = snippets.map(({ document, code, ...rest }): Snippet => {
  return {
    ...rest,
    document: `broken ${document}`,
    code: code.replaceAll("device.lastSeenAt", "device.nothing"),
  };
});

describe("components in documents", () => {
  let folder: SnippetFolder | undefined;
  const errors = new Map<Snippet | undefined, readonly string[]>();

  beforeAll(async () => {
    await installPackages(PACKAGES, "React, Vue and Svelte (90 MB)");
    // Only a bundler resolves the imports of components.
    const options = { module: "esnext", moduleResolution: "bundler", jsx: "react-jsx" };
    folder = new SnippetFolder([...snippets, ...broken], `${PACKAGES}node_modules`, options);
    for (const checker of [VUE_TSC, SVELTE_CHECK])
      for (const [snippet, found] of await folder.compile(checker))
        errors.set(snippet, [...(errors.get(snippet) ?? []), ...found]);
  }, 300_000);
  afterAll(() => folder?.remove());

  it.each(snippets.map((each) => [`${each.document}:${each.line} ${each.file}`, each] as const))(
    "%s compiles with the types of its framework",
    (_title, snippet) => {
      expect(errors.get(snippet) ?? []).toEqual([]);
    },
  );

  it("no other file has errors", () => {
    expect(errors.get(undefined) ?? []).toEqual([]);
  });

  it("each language has a snippet", () => {
    const extensions = new Set(snippets.map(({ file }) => file.split(".").at(-1)));
    expect([...extensions].sort()).toEqual([...SNIPPET_LANGUAGES].sort());
  });

  it.each(["tsx", "vue", "svelte"])("a mistake in a template is an error in %s", (extension) => {
    const snippet = broken.find(({ file }) => file.endsWith(`.${extension}`));
    expect(errors.get(snippet)?.join("\n")).toContain("nothing");
  });
});
