/** A part of the benchmark: a file of its own in sections/, and a line in sections.mjs. */
export interface Section<Result = unknown> {
  /** What `--only` takes, and the name of its file in results/. */
  name: string;
  /** Measures. What it gives is JSON. A wrong answer of whoever is measured throws. */
  run(options: RunOptions): Promise<Result>;
  /** The result as Markdown, from its heading on. */
  text(result: Result): string;
  /** Pictures of the result as SVG, by the names of their files in results/. */
  pictures?(result: Result): Record<string, string>;
}

export interface RunOptions {
  /** Fewer rounds and sessions: all sections together take less than two minutes. */
  quick: boolean;
  /** Only these stores, where a section has several. */
  stores?: readonly string[] | undefined;
}
