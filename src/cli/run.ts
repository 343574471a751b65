import { type CommandLine, findCommandName, parseArguments } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import type { Context } from "./command.ts";
import { findCommand, loadCommands } from "./commands.ts";
import { findGivenSecrets, formatError } from "./error-text.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { formatCommandHelp, formatProgramHelp } from "./help.ts";
import { Interrupted } from "./interrupted.ts";
import { readVersion } from "./version.ts";

const VERSION_FLAGS: readonly unknown[] = ["--version", "-V"];

/** Runs one command line and returns its exit code. Shows every error, and rejects with none. */
export async function run(args: readonly string[], context: Context): Promise<ExitCode> {
  const { terminal, now } = context;
  const heading = (text: string) => terminal.style("strong", text);
  try {
    if (VERSION_FLAGS.includes(args[0])) {
      await terminal.write(readVersion());
      return EXIT.ok;
    }
    const { name, args: rest } = await findName(args);
    if (name === undefined) return await runWithoutCommand(rest, context);
    if (name === "help") {
      const [topic] = rest;
      await terminal.write(
        topic === undefined
          ? formatProgramHelp(await loadCommands(), heading)
          : formatCommandHelp(await findCommand(topic), heading),
      );
      return EXIT.ok;
    }
    const command = await findCommand(name);
    const { help, ...input } = parseArguments(command, rest, now());
    if (help) {
      await terminal.write(formatCommandHelp(command, heading));
      return EXIT.ok;
    }
    if ("version" in input.flags && input.flags.version) {
      await terminal.write(readVersion());
      return EXIT.ok;
    }
    return await command.run(context, input);
  } catch (error) {
    if (error instanceof Interrupted) {
      terminal.note(`Interrupted. ${error.message}`);
      return EXIT.interrupted;
    }
    terminal.note(formatError(error, findGivenSecrets(args, context.env), context));
    return error instanceof CliError ? error.exitCode : EXIT.failure;
  }
}

/** Finds the command's name. Only if flags stand before it, the flags of all commands are needed. */
async function findName(args: readonly string[]): Promise<CommandLine> {
  const [first, ...rest] = args;
  if (first !== undefined && !first.startsWith("-")) return { name: first, args: rest };
  return findCommandName(args, await loadCommands());
}

async function runWithoutCommand(args: readonly string[], { terminal }: Context): Promise<ExitCode> {
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--help" && arg !== "-h");
  const help = formatProgramHelp(await loadCommands(), (text) => terminal.style("strong", text));
  if (args.length > 0 && unknown === undefined) {
    await terminal.write(help);
    return EXIT.ok;
  }
  terminal.note(
    unknown === undefined
      ? help
      : ["error: Name a command.", 'Run "sessionup --help" for the list of commands.'],
  );
  return EXIT.usage;
}
