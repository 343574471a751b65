import type { ExitCode } from "./exit-code.ts";
import type { FlagTable, FlagValues } from "./flag.ts";
import type { Terminal } from "./terminal.ts";

/** The surroundings that a command may use. */
export interface Context {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder from which drivers and modules are loaded. */
  readonly cwd: string;
  readonly now: () => number;
  /** Aborted at the first Ctrl-C. A command then ends after its current step. */
  readonly signal: AbortSignal;
}

/** The parts of the list of commands. */
export type CommandGroup = "Look at sessions" | "End sessions" | "Check" | "Set up";

/** The part of a command line after the command's name. */
export interface Input<Values = Readonly<Record<string, unknown>>> {
  readonly operands: readonly string[];
  readonly flags: Values;
}

/** A value of a command that has no flag, such as an id. */
export interface Operand {
  readonly name: string;
  readonly required?: true;
  /** The values that a shell completes. */
  readonly choices?: readonly string[];
}

/** A command: its help, and what it does. */
export interface Command {
  readonly name: string;
  readonly group: CommandGroup;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Paragraphs for the command's own help. */
  readonly description: readonly string[];
  readonly operands: readonly Operand[];
  readonly flags: FlagTable;
  /** Commands with the sentence that explains each. */
  readonly examples: ReadonlyArray<readonly [text: string, command: string]>;
  /** Receives the input that `parseArguments` has parsed with the flags above. */
  readonly run: (context: Context, input: Input) => Promise<ExitCode>;
}

interface CommandDefinition<Table extends FlagTable> extends Omit<Command, "flags" | "run" | "operands"> {
  readonly operands?: readonly Operand[];
  readonly flags: Table;
  readonly run: (context: Context, input: Input<FlagValues<Table>>) => Promise<ExitCode>;
}

/** Creates a command. Its `run` receives the values of its own flags with their types. */
export function createCommand<const Table extends FlagTable>(definition: CommandDefinition<Table>): Command {
  const { run, operands = [], ...rest } = definition;
  // `parseArguments` has parsed the input with the table of this very command.
  return { ...rest, operands, run: (context, input) => run(context, input as Input<FlagValues<Table>>) };
}
