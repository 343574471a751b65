/** A part of the benchmark: a file in sections/ and a line in sections.mjs. */
export interface Section<Result = unknown> {
  /** The value for `--only`, and the name of the section's file in results/. */
  name: string;
  /** Measures and returns the result as JSON. Throws when a contender responds incorrectly. */
  run(options: RunOptions): Promise<Result>;
  /** Formats the result as Markdown, including the heading. */
  text(result: Result): string;
  /** Draws the result as SVG, by the name of the file in results/. */
  pictures?(result: Result): Record<string, string>;
}

export interface RunOptions {
  /** Fewer rounds and sessions: all sections together take less than two minutes. */
  quick: boolean;
  /** Measures only these stores, in sections with several. */
  stores?: readonly string[] | undefined;
}
