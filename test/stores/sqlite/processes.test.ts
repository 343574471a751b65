import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import Database from "libsql";
import { sqliteStore } from "sessionup/stores/sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KILLS_TIMEOUT, killRuns, killWriters } from "../../contract/kills.ts";
import { toCommand } from "../../contract/programs.ts";
import { NOW } from "../../support/record.ts";
import { SqliteFiles } from "./files.ts";

const PROGRAM = fileURLToPath(new URL("_process.ts", import.meta.url));

/** The operations that a process reports as acknowledged. */
class Log {
  readonly created: string[] = [];
  readonly touched: string[] = [];
  readonly ended: string[] = [];
  /** The prefix of the ids that the process was about to end when its output stopped. */
  ending: string | undefined;
  finished = false;

  read(output: string): void {
    // The last line may be incomplete.
    for (const line of output.split("\n").slice(0, -1)) {
      const { created = [], touched = [], ended = [], ending, finished } = JSON.parse(line);
      this.created.push(...created);
      this.touched.push(...touched);
      this.ended.push(...ended);
      this.ending = ending;
      if (finished) this.finished = true;
    }
  }
}

const files = new SqliteFiles();
let processes: ChildProcess[] = [];
beforeEach(() => files.make());
afterEach(async () => {
  for (const each of processes) each.kill("SIGKILL");
  processes = [];
  await files.remove();
});

interface Run {
  readonly process: ChildProcess;
  readonly closed: Promise<unknown>;
  output: string;
  errors: string;
}

async function start(store: string, name: string, logins: number): Promise<Run> {
  const [program, ...args] = await toCommand(PROGRAM);
  const child = spawn(program, [...args, store, files.path(), name, String(logins)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  processes.push(child);
  const run: Run = { process: child, closed: once(child, "close"), output: "", errors: "" };
  child.stdout.on("data", (text) => {
    run.output += text;
  });
  child.stderr.on("data", (text) => {
    run.errors += text;
  });
  return run;
}

describe.each(["sqlite", "libsql"])("%sStore in several processes that share a file", (kind) => {
  it("loses no session, ends each session once and reports no error", async () => {
    const runs = await Promise.all(["a", "b", "c"].map((name) => start(kind, name, 200)));
    await Promise.all(runs.map(({ closed }) => closed));
    const log = new Log();
    for (const run of runs) {
      expect(run.errors).toBe("");
      log.finished = false;
      log.read(run.output);
      expect(log.finished).toBe(true);
    }
    expect(log.created).toHaveLength(600);
    expect(new Set(log.ended).size).toBe(log.ended.length);
    const live = files.query("SELECT id FROM sessionup_sessions").map(({ id }) => String(id));
    expect([...live, ...log.ended].sort()).toEqual(log.created.sort());
  }, 120_000);

  it("keeps every acknowledged write when one process is killed", async () => {
    for (let round = 0; round < (kind === "sqlite" ? 2 : 1); round++) {
      const killed = await start(kind, `k${round}`, 100_000);
      const other = await start(kind, `o${round}`, 150);
      while (!killed.output.includes(`k${round}x00000${round + 1}00`)) {
        expect(killed.errors).toBe("");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      killed.process.kill("SIGKILL");
      await Promise.all([killed.closed, other.closed]);
      expect(other.errors).toBe("");
      const [log, others] = [new Log(), new Log()];
      log.read(killed.output);
      others.read(other.output);
      expect(others.finished).toBe(true);

      const database = new Database(files.path());
      const store = sqliteStore(database);
      await store.migrate();
      const ended = new Set([...log.ended, ...others.ended]);
      for (const id of [...log.created, ...others.created]) {
        const record = await store.fetchById(id);
        if (ended.has(id)) expect(record, "an ended session came back").toBeUndefined();
        // The killed process may have ended sessions without reporting them.
        else if (record || !log.ending || !id.startsWith(log.ending))
          expect(record, "a live session was lost").toBeDefined();
      }
      for (const id of [...log.touched, ...others.touched]) {
        const record = await store.fetchById(id);
        if (record) expect(record.lastSeenAt).toBeGreaterThan(NOW);
      }
      expect(files.query("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
      await store.close();
      database.close();
    }
  }, 120_000);
});

describe("sqlite × libsql while processes are killed", () => {
  it(
    "keeps every acknowledged write when other processes open the file",
    async () => {
      const { problems, opened } = await killWriters("libsql", files.path(), killRuns(3));
      expect(problems).toEqual([]);
      expect(opened).toBeGreaterThan(3);
    },
    KILLS_TIMEOUT,
  );
});
