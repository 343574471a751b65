#!/usr/bin/env node
import { EXIT } from "./exit-code.ts";
import { run } from "./run.ts";
import { Terminal } from "./terminal.ts";

/** The time in which a command can end its current step after Ctrl-C, in milliseconds. */
const GRACE = 15_000;
/** A step that takes longer than this is explained. */
const NOTICE = 500;

const interruption = new AbortController();

/** The first Ctrl-C lets the current step end. The second one, or the end of the grace, ends the process at once. */
function interrupt(): void {
  if (interruption.signal.aborted) process.exit(EXIT.interrupted);
  interruption.abort();
  const notice = "Stopping after the current step. Press Ctrl-C again to stop at once.";
  setTimeout(() => terminal.note(notice), NOTICE).unref();
  setTimeout(() => process.exit(EXIT.interrupted), GRACE).unref();
}

const terminal = new Terminal(process, process.env, interrupt);
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
// The reader, such as `head`, has what it wants.
terminal.onClosed(() => process.exit(EXIT.ok));

const context = {
  terminal,
  env: process.env,
  cwd: process.cwd(),
  now: Date.now,
  signal: interruption.signal,
};

void run(process.argv.slice(2), context).then(async (code) => {
  await terminal.flush();
  // A module of the app may keep connections and timers.
  process.exit(interruption.signal.aborted && code === EXIT.ok ? EXIT.interrupted : code);
});
