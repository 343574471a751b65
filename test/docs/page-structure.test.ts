/** The pages of one kind have the same headings in the same order, so that readers find their way on each. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { markdownFiles } from "./documents.ts";

interface PageKind {
  readonly folder: string;
  /** The headings of level 2. */
  readonly headings: readonly string[];
  /** Pages of the folder that are of another kind. */
  readonly except?: readonly string[];
}

const KINDS: readonly PageKind[] = [
  {
    folder: "docs/frameworks/",
    headings: ["Install", "Set up", "Protect routes", "Current session", "Errors", "Caveats"],
    except: ["runtimes.md"],
  },
  {
    folder: "docs/stores/",
    headings: ["Install", "Set up", "Options", "Schema", "Guarantees", "Operations"],
  },
];

describe.each(KINDS)("the pages of $folder", ({ folder, headings, except = [] }) => {
  const pages = markdownFiles().filter(
    (page) => page.startsWith(folder) && !except.includes(page.slice(folder.length)),
  );

  it("exist", () => {
    expect(pages).not.toEqual([]);
  });

  it.each(pages)(`%s has the headings ${headings.join(", ")}`, (page) => {
    expect(headingsIn(readFileSync(ROOT + page, "utf8"))).toEqual(headings);
  });
});

describe("headingsIn", () => {
  it("returns headings of level 2 outside of code blocks", () => {
    const text = "# A\n\n## B\n\n```sh\n## comment\n```\n\n### C\n\n  ```md\n  ## D\n  ```\n\n## E\n";
    expect(headingsIn(text)).toEqual(["B", "E"]);
  });
});

/** Returns the headings of level 2 in a Markdown text. */
function headingsIn(text: string): readonly string[] {
  const prose = text.replace(/^ *```.*?^ *```/gms, "");
  return [...prose.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
}
