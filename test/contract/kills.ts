import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ROOT, RUNTIME_ARGUMENTS } from "./programs.ts";

const PROGRAM = fileURLToPath(new URL("../runtimes/kill-writer.ts", import.meta.url));

/** How often writers are killed while others open the file: so often, or what KILL_RUNS says, in a long run. */
export function killRuns(kills: number): number {
  return Number(process.env.KILL_RUNS ?? kills);
}

/** For the test: a long run takes its time. */
export const KILLS_TIMEOUT: number = 60_000 + 10_000 * killRuns(0);

/** What a run of kills has shown. */
export interface Killed {
  readonly acknowledged: number;
  /** How many processes opened the file, those that were killed while they waited for it not counted. */
  readonly opened: number;
  readonly problems: readonly string[];
}

/** One place among the processes at the file, where a successor goes on after each kill. */
class Slot {
  acknowledged = 0;
  /** What its processes before this one have acknowledged in all. */
  total = 0;
  opened = 0;
  readonly problems: string[] = [];
  #child: ChildProcess | undefined;

  /** Starts a process; resolves with it when it has the file open. */
  start(command: readonly string[], args: readonly string[]): { readonly isUp: Promise<unknown> } {
    const [program = "", ...rest] = command;
    const child = spawn(program, [...rest, ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const isUp = new Promise((resolve) => {
      let output = "";
      child.stdout.on("data", (text) => {
        const lines = `${output}${text}`.split("\n");
        output = lines.pop() ?? "";
        for (const line of lines) if (this.#hear(JSON.parse(line))) resolve(true);
      });
      child.once("close", resolve);
    });
    child.stderr.on("data", (text) => {
      if (!/Warning|--trace-warnings/.test(String(text))) this.problems.push(`printed: ${text}`);
    });
    return { isUp };
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    if (child.exitCode !== null || child.signalCode !== null)
      this.problems.push(`ended by itself: ${child.signalCode ?? child.exitCode}`);
    const closed = once(child, "close");
    if (child.kill("SIGKILL")) await closed;
    this.#child = undefined;
  }

  #hear({ up, acknowledged, problem }: { up?: number; acknowledged?: number; problem?: string }): boolean {
    if (problem !== undefined) this.problems.push(problem);
    if (acknowledged !== undefined) {
      this.total++;
      this.acknowledged = acknowledged;
    }
    if (up === undefined) return false;
    this.opened++;
    if (up < this.acknowledged)
      this.problems.push(`acknowledged ${this.acknowledged}, but the next process found ${up}`);
    return true;
  }
}

export interface KillOptions {
  /** How many processes are killed again and again. */
  readonly killed?: number;
  /** How many write beside them all the time. */
  readonly steady?: number;
  /** Kills a process after this number of milliseconds, even if it does not have the file open yet. Default: never. */
  readonly within?: number;
  readonly command?: readonly string[];
}

/** Processes that write to one file while some are killed again and again, and successors open the file. */
export async function killWriters(
  store: string,
  path: string,
  kills: number,
  {
    killed = 2,
    steady = 1,
    within,
    command = [process.execPath, ...RUNTIME_ARGUMENTS, PROGRAM],
  }: KillOptions = {},
): Promise<Killed> {
  const slots = Array.from({ length: killed + steady }, () => new Slot());
  const start = (slot: Slot) => slot.start(command, [store, path, `slot${slots.indexOf(slot)}`]);
  const pause = (most: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * most));
  const steadily = slots.slice(killed);
  for (const slot of steadily) await start(slot).isUp;
  let left = kills;
  await Promise.all(
    slots.slice(0, killed).map(async (slot) => {
      while (left-- > 0) {
        const { isUp } = start(slot);
        // Some are killed while they open the file, or wait for it.
        const enough = isUp.then(() => pause(300));
        await (within ? Promise.race([enough, pause(within)]) : enough);
        await slot.kill();
      }
    }),
  );
  for (const slot of steadily) await slot.kill();
  for (const slot of slots) {
    await start(slot).isUp;
    await slot.kill();
  }
  return {
    acknowledged: slots.reduce((sum, { total }) => sum + total, 0),
    opened: slots.reduce((sum, { opened }) => sum + opened, 0),
    problems: slots.flatMap(({ problems }) => problems),
  };
}
