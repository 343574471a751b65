// cspell:ignore revok
import { describe, expect, it } from "vitest";
import { findCommandName, parseArguments } from "./arguments.ts";
import { type Command, createCommand } from "./command.ts";
import { findCommand, loadCommands } from "./commands.ts";
import { EXIT } from "./exit-code.ts";
import { parseCount, parseText, takesValue } from "./flag.ts";

const command: Command = createCommand({
  name: "try",
  group: "Check",
  summary: "Try",
  description: [],
  operands: [{ name: "id", required: true }],
  flags: {
    user: { short: "u", value: "<key>", summary: "User", parse: parseText },
    limit: { value: "<number>", summary: "Limit", parse: parseCount },
    json: { summary: "JSON" },
  },
  examples: [],
  run: async () => EXIT.ok,
});

const parse = (...args: string[]) => parseArguments(command, args, 0);

const COMMANDS = await loadCommands();

describe("parseArguments", () => {
  it("returns operands, parsed values, and false for switches that are off", () => {
    expect(parse("a1", "--user", "ann", "--limit=5")).toEqual({
      operands: ["a1"],
      flags: { user: "ann", limit: 5, json: false, help: false, version: false },
      help: false,
    });
    expect(parse("-u", "ann", "--json", "a1").flags).toMatchObject({ user: "ann", json: true });
  });

  it("takes everything after -- as operands", () => {
    expect(parse("--", "-a1").operands).toEqual(["-a1"]);
  });

  it("asks for help without the rest of the line", () => {
    expect(parse("--help").help).toBe(true);
    expect(parse("-h", "--nonsense").help).toBe(true);
  });

  it.each([
    [["a1", "--usr", "ann"], '"--usr" is not a flag of try.'],
    [["a1", "--constructor"], '"--constructor" is not a flag of try.'],
    [["a1", "--user"], "--user needs a value: --user <key>."],
    [["a1", "--user", "--json"], "--user needs a value: --user <key>."],
    [["a1", "--user="], "--user must not be empty."],
    [["a1", "--json=yes"], "--json takes no value."],
    [["a1", "--user", "ann", "--user", "ben"], "--user was given twice."],
    [["a1", "--limit", "0"], '--limit must be a whole number of at least 1. Received "0".'],
    [["a1", "b2"], 'try does not take "b2".'],
    [[], "try needs <id>."],
  ])("rejects %j", (args, message) => {
    expect(() => parse(...args)).toThrow(expect.objectContaining({ message, exitCode: EXIT.usage }));
  });

  it("suggests the nearest flag", () => {
    expect(() => parse("a1", "--usr", "ann")).toThrow(
      expect.objectContaining({ hints: expect.arrayContaining(['Did you mean "--user"?']) }),
    );
  });

  it("takes a value that begins with a dash after an equals sign", () => {
    expect(parse("a1", "--user=-ann").flags).toMatchObject({ user: "-ann" });
  });
});

describe("findCommandName", () => {
  it.each([
    [["list", "--json"], "list", ["--json"]],
    [["--store", "redis://x", "list", "--json"], "list", ["--store", "redis://x", "--json"]],
    [["--help"], undefined, ["--help"]],
    [[], undefined, []],
  ])("finds the command in %j", (args, name, rest) => {
    expect(findCommandName(args, COMMANDS)).toEqual({ ...(name && { name }), args: rest });
  });
});

describe("findCommand", () => {
  it("finds each command by its own name", async () => {
    for (const { name } of COMMANDS) expect((await findCommand(name)).name).toBe(name);
  });

  it("suggests the nearest command", async () => {
    await expect(findCommand("revok")).rejects.toThrow(
      expect.objectContaining({
        exitCode: EXIT.usage,
        hints: expect.arrayContaining(['Did you mean "revoke"?']),
      }),
    );
  });
});

describe("the flags of all commands", () => {
  const all = COMMANDS.flatMap(({ flags }) => Object.entries(flags));

  it("a flag with the same name takes a value in every command or in none, because flags may stand before the command", () => {
    for (const [name, flag] of all)
      for (const [other, its] of all)
        if (name === other) expect([name, takesValue(its)]).toEqual([name, takesValue(flag)]);
  });

  it("a short form takes a value in every command or in none", () => {
    const shorts = all.flatMap(([, flag]) => (flag.short ? [[flag.short, takesValue(flag)] as const] : []));
    for (const [short, takes] of shorts)
      expect(shorts.filter(([other, its]) => other === short && its !== takes)).toEqual([]);
  });
});
