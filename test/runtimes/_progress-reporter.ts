import type { Reporter, TestModule } from "vitest/node";

const BEGINS = "begins: ";
const ENDS = "ends: ";

/** Prints the name of each file when it is loaded and when its tests have ended. */
export default class ProgressReporter implements Reporter {
  onTestModuleQueued({ moduleId }: TestModule): void {
    console.log(BEGINS + moduleId);
  }

  onTestModuleEnd({ moduleId }: TestModule): void {
    console.log(ENDS + moduleId);
  }
}

/** Collects what a run with the reporter prints. */
export class Progress {
  readonly #running = new Set<string>();

  /** Takes the next line of the run's output. */
  add(line: string): void {
    if (line.startsWith(BEGINS)) this.#running.add(line.slice(BEGINS.length));
    if (line.startsWith(ENDS)) this.#running.delete(line.slice(ENDS.length));
  }

  /** The files that have begun and have not ended. */
  get running(): readonly string[] {
    return [...this.#running];
  }
}
