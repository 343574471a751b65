/** A fenced code block in a document. */
export interface Fence {
  /** Path from the root of the repository. */
  readonly document: string;
  /** The line of the document where the code begins, counted from 1. */
  readonly line: number;
  /** The first word of the info string, such as "ts". */
  readonly language: string;
  /** The rest of the info string. */
  readonly info: string;
  readonly code: string;
}

const OPENING = /^(\s*)(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/;

/** Returns the fenced code blocks of a Markdown text, including those in lists. CommonMark section 4.5. Throws for an unclosed block. */
export function fencesIn(document: string, text: string, firstLine = 1): readonly Fence[] {
  const lines = text.split(/\r?\n/);
  const fences: Fence[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, indent = "", ticks, language = "", info = ""] = OPENING.exec(lines[index] ?? "") ?? [];
    if (ticks === undefined) continue;
    const start = index + 1;
    const closing = new RegExp(`^\\s*${ticks[0]}{${ticks.length},}\\s*$`);
    const length = lines.slice(start).findIndex((line) => closing.test(line));
    if (length === -1) throw new Error(`${document}:${firstLine + index}: the code block is not closed`);
    const code = lines.slice(start, start + length).map((line) => removeIndent(line, indent.length));
    fences.push({ document, line: firstLine + start, language, info, code: `${code.join("\n")}\n` });
    index = start + length;
  }
  return fences;
}

function removeIndent(line: string, most: number): string {
  const own = line.length - line.trimStart().length;
  return line.slice(Math.min(own, most));
}
