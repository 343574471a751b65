import { SessionError } from "../errors.ts";
import { CliError } from "./cli-error.ts";
import type { Context } from "./command.ts";
import { escapeControls } from "./escape.ts";
import { findSecrets, redact } from "./redact.ts";

/** Returns what no message may contain: the passwords of the store's URL, and those of the environment. */
export function findGivenSecrets(args: readonly string[], env: Context["env"]): readonly string[] {
  const urls = [...args.map((arg) => arg.replace(/^(--store=|-s=?)/, "")), env.SESSIONUP_STORE ?? ""];
  return [...urls.flatMap(findSecrets), env.LIBSQL_AUTH_TOKEN ?? "", env.PGPASSWORD ?? ""];
}

/** Describes an error and its causes in one line, without secrets. */
export function describeError(error: unknown, secrets: readonly string[]): string {
  return listMessages(error)
    .map((message) => escapeControls(redact(message, secrets)))
    .join(" Because: ");
}

/** Formats an error with its causes and hints, without secrets. */
export function formatError(
  error: unknown,
  secrets: readonly string[],
  { terminal, env }: Pick<Context, "terminal" | "env">,
): readonly string[] {
  const clean = (text: string) => escapeControls(redact(text, secrets));
  const [first = "unknown error", ...causes] = listMessages(error);
  const hints = error instanceof CliError ? error.hints : [];
  const stack = env.SESSIONUP_DEBUG && error instanceof Error ? (error.stack ?? "").split("\n").slice(1) : [];
  return [
    `${terminal.style("bad", "error:", "stderr")} ${clean(first)}`,
    ...causes.map((message) => `  because: ${clean(message)}`),
    ...hints.map((hint) => `  ${clean(hint)}`),
    ...stack.map(clean),
  ];
}

/** Returns the message of an error and those of its causes. */
function listMessages(error: unknown): readonly string[] {
  const messages: string[] = [];
  let at: unknown = error;
  for (let depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    const { message, code, cause, errors } = Object(at) as {
      readonly message?: unknown;
      readonly code?: unknown;
      readonly cause?: unknown;
      readonly errors?: readonly unknown[];
    };
    // Connecting to a name with several addresses fails with an AggregateError without a message.
    const text = String(message || (errors ? "" : code || at));
    // The repository's own message only points to the cause.
    messages.push(SessionError.is(at) && text.includes("The cause has") ? "The store failed." : text);
    at = cause ?? errors?.[0];
  }
  return [...new Set(messages.filter((text) => text !== ""))];
}
