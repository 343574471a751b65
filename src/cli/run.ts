import { findCommand, findCommandName, parseArguments } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import type { Command, Context } from "./command.ts";
import { findGivenSecrets, formatError } from "./error-text.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { formatCommandHelp, formatProgramHelp } from "./help.ts";
import { Interrupted } from "./interrupted.ts";
import { readVersion } from "./version.ts";

/** Runs one command line and returns its exit code. Shows every error, and rejects with none. */
export async function run(
  args: readonly string[],
  commands: readonly Command[],
  context: Context,
): Promise<ExitCode> {
  const { terminal, now } = context;
  const heading = (text: string) => terminal.style("strong", text);
  try {
    const { name, args: rest } = findCommandName(args, commands);
    if (name === undefined) return await runWithoutCommand(rest, commands, context);
    if (name === "help") {
      const [topic] = rest;
      await terminal.write(
        topic === undefined
          ? formatProgramHelp(commands, heading)
          : formatCommandHelp(findCommand(topic, commands), heading),
      );
      return EXIT.ok;
    }
    const command = findCommand(name, commands);
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

async function runWithoutCommand(
  args: readonly string[],
  commands: readonly Command[],
  { terminal }: Context,
): Promise<ExitCode> {
  if (args.includes("--version") || args.includes("-V")) {
    await terminal.write(readVersion());
    return EXIT.ok;
  }
  const unknown = args.find((arg) => arg.startsWith("-") && arg !== "--help" && arg !== "-h");
  const help = formatProgramHelp(commands, (text) => terminal.style("strong", text));
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
