import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ROOT, toCommand } from "./programs.ts";

const PROGRAM = fileURLToPath(new URL("../runtimes/kill-writer.ts", import.meta.url));

/** Returns the number of kills: `kills`, or KILL_RUNS for a long run. */
export function killRuns(kills: number): number {
  return Number(process.env.KILL_RUNS ?? kills);
}

/** The timeout of a test with kills, which grows with KILL_RUNS. */
export const KILLS_TIMEOUT: number = 60_000 + 10_000 * killRuns(0);

/** The result of a run of kills. */
export interface Killed {
  readonly acknowledged: number;
  /** The number of processes that opened the file. Processes that were killed before are not counted. */
  readonly opened: number;
  readonly problems: readonly string[];
}

/** A series of processes that share a file with other series. Each process succeeds the killed one before it. */
class Slot {
  acknowledged = 0;
  /** The number of writes that all processes of this slot have acknowledged. */
  total = 0;
  opened = 0;
  readonly problems: string[] = [];
  #child: ChildProcess | undefined;

  /** Starts a process. `isUp` resolves when the process has opened the file. */
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
      if (!/Warning|--trace-warnings/.test(String(text)))
        this.problems.push(`A writer printed to stderr: ${text}`);
    });
    return { isUp };
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    if (child.exitCode !== null || child.signalCode !== null)
      this.problems.push(`A writer exited before it was killed: ${child.signalCode ?? child.exitCode}`);
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
      this.problems.push(`A writer acknowledged ${this.acknowledged} writes, but its successor found ${up}.`);
    return true;
  }
}

export interface KillOptions {
  /** The number of processes that are killed repeatedly. */
  readonly killed?: number;
  /** The number of processes that keep writing. */
  readonly steady?: number;
  /** Kills a process after at most this many milliseconds, even before it has opened the file. Default: never. */
  readonly within?: number;
}

/** Runs processes that write to one file, kills some of them repeatedly and starts successors. */
export async function killWriters(
  store: string,
  path: string,
  kills: number,
  { killed = 2, steady = 1, within }: KillOptions = {},
): Promise<Killed> {
  const command = await toCommand(PROGRAM);
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
        // With `within`, some processes are killed while they open the file or wait for it.
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
