import { parseArgs } from "node:util";
import { usageError } from "./cli-error.ts";
import type { Command, Input } from "./command.ts";
import { escapeControls } from "./escape.ts";
import { type FlagTable, takesValue } from "./flag.ts";
import { findNearest } from "./suggestion.ts";

/** The flags that every command has. */
export const GLOBAL_FLAGS: FlagTable = {
  help: { short: "h", summary: "Show help" },
  version: { short: "V", summary: "Show the version" },
};

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];

/** Splits a command line by the flags of a table. Unknown flags are tokens, too. */
function tokenize(args: readonly string[], table: FlagTable): readonly Token[] {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, flag]) => [
      name,
      { type: takesValue(flag) ? "string" : "boolean", ...(flag.short && { short: flag.short }) } as const,
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

/** A command line whose command has been found. */
export interface CommandLine {
  /** The name as it was typed. Absent if the line has none. */
  readonly name?: string;
  /** The rest of the line. */
  readonly args: readonly string[];
}

/** Finds the command's name. Flags may stand before it, so the flags of all commands are needed. */
export function findCommandName(args: readonly string[], commands: readonly Command[]): CommandLine {
  const all = Object.assign({}, GLOBAL_FLAGS, ...commands.map(({ flags }) => flags)) as FlagTable;
  for (const token of tokenize(args, all))
    if (token.kind === "positional")
      return { name: token.value, args: args.filter((_, index) => index !== token.index) };
  return { args };
}

/** Parses the arguments of a command. Throws the error of a wrong command line. */
export function parseArguments(
  command: Command,
  args: readonly string[],
  now: number,
): Input & { readonly help: boolean } {
  const table: FlagTable = { ...command.flags, ...GLOBAL_FLAGS };
  const operands: string[] = [];
  const values: Record<string, unknown> = {};
  const tokens = tokenize(args, table);
  // An operator who asks for help may not know the rest of the line yet.
  if (tokens.some((token) => token.kind === "option" && token.name === "help"))
    return { operands, flags: {}, help: true };
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (!flag) throw unknownFlag(token.rawName, command, table);
    if (Object.hasOwn(values, token.name)) throw usageError(`${token.rawName} was given twice.`);
    values[token.name] = takesValue(flag)
      ? flag.parse(readValue(token, flag.value), `--${token.name}`, now)
      : readSwitch(token);
  }
  for (const [name, flag] of Object.entries(table))
    if (!takesValue(flag) && values[name] === undefined) values[name] = false;
  checkOperands(command, operands);
  return { operands, flags: values, help: false };
}

type OptionToken = Extract<Token, { kind: "option" }>;

function readValue({ rawName, value, inlineValue }: OptionToken, placeholder: string): string {
  // "--user --json" would otherwise mean a user with the key "--json".
  if (value === undefined || (!inlineValue && value.startsWith("-") && value.length > 1))
    throw usageError(`${rawName} needs a value: ${rawName} ${placeholder}.`);
  return value;
}

function readSwitch({ rawName, value }: OptionToken): true {
  if (value === undefined) return true;
  throw usageError(`${rawName} takes no value.`);
}

function unknownFlag(typed: string, command: Command, table: FlagTable): Error {
  const nearest = findNearest(typed.replace(/^-+/, ""), Object.keys(table));
  return usageError(
    `"${escapeControls(typed)}" is not a flag of ${command.name}.`,
    ...(nearest === undefined ? [] : [`Did you mean "--${nearest}"?`]),
    `Run "sessionup ${command.name} --help" for its flags.`,
  );
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const missing = command.operands.slice(operands.length).find(({ required }) => required);
  if (missing)
    throw usageError(
      `${command.name} needs <${missing.name}>.`,
      `Run "sessionup ${command.name} --help" for examples.`,
    );
  const extra = operands[command.operands.length];
  if (extra !== undefined)
    throw usageError(
      `${command.name} does not take "${escapeControls(extra)}".`,
      `Run "sessionup ${command.name} --help" for examples.`,
    );
}
