/** The part of a mutant that is compared: its original and its mutated lines. */
interface Lines {
  getOriginalLines(): string;
  getMutatedLines(): string;
}

/**
 * Returns the mutants that a document explains, by file. Each file has a heading with `diff` blocks below. The blocks have
 * no line numbers, so that code may move.
 */
export function explainedIn(markdown: string): ReadonlyMap<string, readonly string[]> {
  const sections = markdown.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const blocks = [...section.matchAll(/^```diff\n(.*?)^```$/gms)];
      return [section.split("\n", 1)[0]?.trim() ?? "", blocks.map(([, block = ""]) => unindented(block))];
    }),
  );
}

/** Returns a mutant as a block of the document. */
export function toDiff(mutant: Lines): string {
  const signed = (sign: string, text: string) => text.trimEnd().replace(/^/gm, `${sign} `);
  return unindented(`${signed("-", mutant.getOriginalLines())}\n${signed("+", mutant.getMutatedLines())}`);
}

/** Returns the items of `list` that are missing from `other` or occur less often there. */
export function notIn(other: readonly string[], list: readonly string[]): readonly string[] {
  const left = [...other];
  return list.filter((each) => {
    const index = left.indexOf(each);
    if (index !== -1) left.splice(index, 1);
    return index === -1;
  });
}

/** Removes the indentation, which changes when the surrounding code changes. */
function unindented(diff: string): string {
  return diff.trimEnd().replace(/^([-+])[ \t]*/gm, "$1 ");
}
