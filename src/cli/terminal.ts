import { createInterface } from "node:readline";
import { styleText } from "node:util";

/** The streams of a process. */
export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/** The meanings that a colour may have. Text never depends on its colour. */
export type Tone = "strong" | "faint" | "good" | "warning" | "bad";

const STYLES = { strong: "bold", faint: "dim", good: "green", warning: "yellow", bad: "red" } as const;
/** The width of a terminal that does not tell it. */
const DEFAULT_WIDTH = 80;
/** Milliseconds between two updates of the progress. */
const PROGRESS_INTERVAL = 100;

/**
 * The only part that writes to streams. Results go to the standard output, everything else to the standard error: messages,
 * questions and progress.
 */
export class Terminal {
  /** Whether a person reads the results. Otherwise a program does, and gets the plain form. */
  readonly isInteractive: boolean;
  /** The columns of the terminal for results. */
  readonly width: number;
  readonly #streams: Streams;
  readonly #colors: { readonly stdout: boolean; readonly stderr: boolean };
  readonly #interrupt: () => void;
  #progress = { text: "", at: Number.NEGATIVE_INFINITY };
  /** Whether the reader of the results has closed its end, as `head` does. */
  #isClosed = false;
  #onClosed: () => void = () => undefined;

  /** `interrupt` is called at Ctrl-C while a question is asked. */
  constructor(
    streams: Streams,
    env: Readonly<Record<string, string | undefined>>,
    interrupt: () => void = () => undefined,
  ) {
    const { stdout, stderr } = streams;
    this.#streams = streams;
    this.#interrupt = interrupt;
    this.isInteractive = stdout.isTTY === true;
    this.width = stdout.columns || DEFAULT_WIDTH;
    this.#colors = {
      stdout: hasColors(stdout.isTTY === true, env),
      stderr: hasColors(stderr.isTTY === true, env),
    };
    stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      this.#isClosed = true;
      this.#onClosed();
    });
    // Without a reader of messages, the work goes on.
    stderr.on("error", () => undefined);
  }

  /** Calls the function when the reader of the results goes away. */
  onClosed(listener: () => void): void {
    this.#onClosed = listener;
    if (this.#isClosed) listener();
  }

  /** Writes lines of the result. Resolves when the reader can take more. */
  async write(lines: string | readonly string[]): Promise<void> {
    const text = [lines]
      .flat()
      .map((line) => `${line}\n`)
      .join("");
    if (this.#isClosed || text === "") return;
    this.#clearProgress();
    const { stdout } = this.#streams;
    if (stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        stdout.off("drain", go);
        stdout.off("error", go);
        resolve();
      };
      stdout.on("drain", go);
      stdout.on("error", go);
    });
  }

  /** Writes a message for the operator. */
  note(lines: string | readonly string[]): void {
    this.#clearProgress();
    this.#streams.stderr.write(`${[lines].flat().join("\n")}\n`);
  }

  /** Shows how far long work has come, in place of the previous progress. Only on a terminal. */
  progress(text: string): void {
    const { stderr } = this.#streams;
    const at = performance.now();
    if (stderr.isTTY !== true || at - this.#progress.at < PROGRESS_INTERVAL) return;
    this.#progress = { text, at };
    stderr.write(`\r\u001b[K${text}`);
  }

  /** Asks a question and returns the answer. `undefined` if there is no answer, or no terminal. */
  async ask(question: string, signal: AbortSignal): Promise<string | undefined> {
    const { stdin, stderr } = this.#streams;
    if (!this.canAsk || signal.aborted) return undefined;
    this.#clearProgress();
    const prompt = createInterface({ input: stdin, output: stderr });
    try {
      return await new Promise<string | undefined>((resolve) => {
        const leave = () => resolve(undefined);
        signal.addEventListener("abort", leave, { once: true });
        prompt.on("SIGINT", this.#interrupt);
        prompt.on("close", leave);
        prompt.question(question, resolve);
      });
    } finally {
      prompt.close();
    }
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return this.#streams.stdin.isTTY === true && this.#streams.stderr.isTTY === true;
  }

  /** Marks text of the result. Without colours it stays as it is. */
  style(tone: Tone, text: string, target: "stdout" | "stderr" = "stdout"): string {
    if (!this.#colors[target]) return text;
    return styleText(STYLES[tone], text, { validateStream: false });
  }

  /** Resolves when everything has been written. */
  async flush(): Promise<void> {
    this.#clearProgress();
    const { stdout, stderr } = this.#streams;
    await Promise.all([stdout, stderr].map((stream) => new Promise((done) => stream.write("", done))));
  }

  #clearProgress(): void {
    if (this.#progress.text === "") return;
    this.#progress = { text: "", at: Number.NEGATIVE_INFINITY };
    this.#streams.stderr.write("\r\u001b[K");
  }
}

/** Decides by https://no-color.org and https://force-color.org: a variable that is set and not empty counts. */
export function hasColors(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTerminal && TERM !== "dumb";
}
