/** What is compared of a mutant: the lines as they are, and as they would be. */
interface Lines {
  getOriginalLines(): string;
  getMutatedLines(): string;
}

/**
 * The mutants that a document explains, by file: under the heading of each, blocks of `diff` with the lines that go and
 * those that come. They have no line numbers, so that the code above may move.
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

/** A mutant in the document's form. */
export function diffOf(mutant: Lines): string {
  const signed = (sign: string, text: string) => text.trimEnd().replace(/^/gm, `${sign} `);
  return unindented(`${signed("-", mutant.getOriginalLines())}\n${signed("+", mutant.getMutatedLines())}`);
}

/** Those that are not in the other list, or there less often. */
export function notIn(other: readonly string[], list: readonly string[]): readonly string[] {
  const left = [...other];
  return list.filter((each) => {
    const index = left.indexOf(each);
    if (index !== -1) left.splice(index, 1);
    return index === -1;
  });
}

/** As the formatter may indent a line more or less when others around it change. */
function unindented(diff: string): string {
  return diff.trimEnd().replace(/^([-+])[ \t]*/gm, "$1 ");
}
