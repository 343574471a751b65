import { EXIT, type ExitCode } from "./exit-code.ts";

/** An error that is shown as its message alone, without a stack. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** The next steps of the operator, one line each. */
  readonly hints: readonly string[];

  constructor(
    message: string,
    options: {
      readonly exitCode?: ExitCode;
      readonly hints?: readonly string[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.exitCode = options.exitCode ?? EXIT.failure;
    this.hints = options.hints ?? [];
  }
}

/** Creates the error of a wrong command line. */
export function usageError(message: string, ...hints: readonly string[]): CliError {
  return new CliError(message, { exitCode: EXIT.usage, hints });
}
