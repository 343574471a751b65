import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { hasColors, Terminal } from "./terminal.ts";

const createStream = (isTTY: boolean) => Object.assign(new PassThrough(), { isTTY });

function createTerminal(isTTY: boolean, env: Record<string, string> = {}) {
  const [stdin, stdout, stderr] = [createStream(isTTY), createStream(isTTY), createStream(isTTY)];
  const terminal = new Terminal({ stdin, stdout, stderr }, env);
  const read = (stream: PassThrough) => String(stream.read() ?? "");
  return { terminal, stdin, output: () => read(stdout), messages: () => read(stderr), stdout };
}

describe("hasColors", () => {
  it.each<[isTerminal: boolean, env: Record<string, string>, colors: boolean]>([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [false, { FORCE_COLOR: "1" }, true],
    [false, { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    [true, { FORCE_COLOR: "0" }, false],
    [true, { TERM: "dumb" }, false],
  ])("terminal %s with %j: %s", (isTerminal, env, colors) => {
    expect(hasColors(isTerminal, env)).toBe(colors);
  });
});

describe("Terminal", () => {
  it("writes results and messages to different streams", async () => {
    const { terminal, output, messages } = createTerminal(false);
    await terminal.write(["a", "b"]);
    terminal.note("c");
    expect([output(), messages()]).toEqual(["a\nb\n", "c\n"]);
  });

  it("shows progress only on a terminal, and removes it before the next output", async () => {
    const plain = createTerminal(false);
    plain.terminal.progress("1 of 2");
    expect(plain.messages()).toBe("");
    const shown = createTerminal(true);
    shown.terminal.progress("1 of 2");
    await shown.terminal.write("done");
    expect(shown.messages()).toBe("\r\u001b[K1 of 2\r\u001b[K");
  });

  it("returns the answer to a question", async () => {
    const { terminal, stdin } = createTerminal(true);
    const answer = terminal.ask("Sure? ", new AbortController().signal);
    stdin.write("42\n");
    expect(await answer).toBe("42");
  });

  it("returns no answer after an interruption, or without a terminal", async () => {
    const { terminal } = createTerminal(true);
    const interruption = new AbortController();
    const answer = terminal.ask("Sure? ", interruption.signal);
    interruption.abort();
    expect(await answer).toBeUndefined();
    expect(await createTerminal(false).terminal.ask("Sure? ", new AbortController().signal)).toBeUndefined();
  });

  it("leaves no listener behind after it waited for a slow reader", async () => {
    const { terminal, stdout } = createTerminal(false);
    const before = stdout.listenerCount("error");
    const written = terminal.write("x".repeat(100_000));
    stdout.resume();
    await written;
    expect([stdout.listenerCount("error"), stdout.listenerCount("drain")]).toEqual([before, 0]);
  });

  it("writes nothing more after the reader went away", async () => {
    const { terminal, stdout, output } = createTerminal(false);
    let closed = 0;
    terminal.onClosed(() => closed++);
    stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await terminal.write("a");
    expect([closed, output()]).toEqual([1, ""]);
  });
});
