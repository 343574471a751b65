import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "oxc-parser";
import { ROOT, sourceFiles } from "../support/entries.ts";
import { type Fence, fencesIn } from "./_fences.ts";

/** Returns the Markdown pages for readers, as paths from the root. */
export function markdownFiles(): readonly string[] {
  return [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    // The built site also has Markdown.
    ...filesIn("docs").filter((path) => path.endsWith(".md") && !path.startsWith("docs/.vitepress/")),
    ...filesIn("examples").filter((path) => path.endsWith("/README.md")),
  ];
}

export function markdownFences(): readonly Fence[] {
  return markdownFiles().flatMap((path) => fencesIn(path, readFileSync(ROOT + path, "utf8")));
}

/** A JSDoc comment without its asterisks. */
export interface DocComment {
  readonly document: string;
  readonly line: number;
  readonly text: string;
}

export function docComments(): readonly DocComment[] {
  return sourceFiles().flatMap((file) => {
    const document = `src/${file}`;
    return commentsIn(document, readFileSync(ROOT + document, "utf8"));
  });
}

export function commentsIn(document: string, code: string): readonly DocComment[] {
  const { comments } = parseSync(document, code, { sourceType: "module" });
  return comments
    .filter(({ type, value }) => type === "Block" && value.startsWith("*"))
    .map(({ start, value }) => ({
      document,
      line: code.slice(0, start).split("\n").length,
      text: value.replace(/^[ \t]*\* ?/gm, ""),
    }));
}

export function docCommentFences(): readonly Fence[] {
  return docComments().flatMap(({ document, text, line }) => fencesIn(document, text, line));
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(ROOT + folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(ROOT.length))
    .sort();
}
