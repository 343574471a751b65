import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { SessionEvents } from "sessionup";
import { ROOT, toCommand } from "../../contract/programs.ts";
import type { Commands, Line } from "./child.ts";

/** A child process with managers, and the `ended` events that they have emitted. */
export class SessionProcess {
  readonly ended: Array<SessionEvents["ended"]> = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (line: Line) => void>();
  #asked = 0;
  #errors = "";
  /** Resolves when the process is gone and its output has been read. */
  readonly closed: Promise<unknown>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on("data", (text) => {
      this.#errors += text;
    });
    if (!child.stdout) throw new Error("The process has no output.");
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (text) => this.#hear(JSON.parse(text)));
    // A command to a process that has just died is answered by its end.
    child.stdin?.on("error", () => undefined);
    this.closed = Promise.all([once(child, "close"), once(lines, "close")]);
  }

  static async start(file: string, args: readonly string[], stores: number): Promise<SessionProcess> {
    const [program, ...rest] = await toCommand(file);
    const started = new SessionProcess(spawn(program, [...rest, ...args], { cwd: ROOT, stdio: "pipe" }));
    await started.ask("open", stores);
    return started;
  }

  /** Gives the process a command. Several may run at the same time. */
  ask<Name extends keyof Commands>(
    method: Name,
    ...args: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const number = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, ({ answer, error }) => {
        if (error === undefined) resolve(answer as Awaited<ReturnType<Commands[Name]>>);
        else reject(new Error(error));
      });
      void this.closed.then(() => {
        const { signalCode, exitCode } = this.#child;
        reject(new Error(`The process has ended: ${signalCode ?? exitCode}. ${this.#errors}`));
      });
      this.#child.stdin?.write(`${JSON.stringify({ number, method, args })}\n`);
    });
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.closed;
  }

  #hear(line: Line): void {
    if (line.ended) this.ended.push(line.ended);
    if (line.number === undefined) return;
    this.#waiting.get(line.number)?.(line);
    this.#waiting.delete(line.number);
  }
}
