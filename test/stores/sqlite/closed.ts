import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ROOT, toCommand } from "../../contract/programs.ts";

const PROGRAM = fileURLToPath(new URL("../../runtimes/closed-connection.ts", import.meta.url));

/** Tests that operations on a connection that the app closed fail safely. `path` is a file that does not exist yet. */
export async function closedConnectionTest(driver: string, path: string): Promise<void> {
  const [program, ...args] = await toCommand(PROGRAM);
  const { output, failure } = await new Promise<{ output: string; failure: string }>((resolve) => {
    execFile(program, [...args, driver, path], { cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ output: stdout, failure: error ? `${error.code ?? error.signal}\n${stderr}` : "" }),
    );
  });
  assert.equal(failure, "", output);
  const lines = output.trim().split("\n");
  assert.equal(lines.pop(), "alive");
  assert.equal(lines.length, 10);
  // bun:sqlite does not report whether it is open, so its own error is expected.
  const expected = /^\w+ (ERR_STORE: sqliteStore: the connection is closed|undefined: Database has closed$)/;
  for (const line of lines) assert.match(line, expected);
}
