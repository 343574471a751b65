import { usageError } from "../cli-error.ts";
import { type Command, createCommand } from "../command.ts";
import { findScript, SHELLS } from "../completion-script.ts";
import { escapeControls } from "../escape.ts";
import { EXIT } from "../exit-code.ts";

/** Creates the command that prints the completion of a shell for these commands and itself. */
export function createCompletionCommand(others: readonly Command[]): Command {
  const command: Command = createCommand({
    name: "completion",
    group: "Set up",
    summary: "Print a completion script for your shell",
    description: [
      `Shells: ${SHELLS.join(", ")}. The script completes commands and flags. It does not ask the store.`,
    ],
    operands: [{ name: "shell", required: true, choices: SHELLS }],
    flags: {},
    examples: [
      ["bash, in ~/.bashrc", 'eval "$(npx sessionup completion bash)"'],
      ["zsh, in ~/.zshrc after compinit", 'eval "$(npx sessionup completion zsh)"'],
      ["fish", "npx sessionup completion fish > ~/.config/fish/completions/sessionup.fish"],
    ],
    async run({ terminal }, { operands: [shell = ""] }) {
      const format = findScript(shell);
      if (!format) throw usageError(`"${escapeControls(shell)}" is not one of ${SHELLS.join(", ")}.`);
      await terminal.write(format([...others, command]));
      return EXIT.ok;
    },
  });
  return command;
}
