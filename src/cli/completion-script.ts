import { GLOBAL_FLAGS } from "./arguments.ts";
import type { Command } from "./command.ts";
import { type FlagTable, takesValue } from "./flag.ts";

/** The shells that have a script. */
export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** Returns the script of a shell for these commands. */
type FormatScript = (commands: readonly Command[]) => string;

/** Returns the function that writes the script of a shell, or `undefined` for an unknown shell. */
export function findScript(shell: string): FormatScript | undefined {
  return { bash: formatBash, zsh: formatZsh, fish: formatFish }[shell];
}

function allFlags({ flags }: Command): FlagTable {
  return { ...flags, ...GLOBAL_FLAGS };
}

/** The words that may stand behind the command's name. */
function listChoices({ operands }: Command): readonly string[] {
  return operands.flatMap(({ choices = [] }) => choices);
}

/** The flags with a value: a shell does not offer flags after them. */
function valueFlags(commands: readonly Command[], isPath: boolean): readonly string[] {
  const names = commands.flatMap(({ flags }) =>
    Object.entries(flags).flatMap(([name, flag]) =>
      takesValue(flag) && (flag.isPath === true) === isPath
        ? [`--${name}`, ...(flag.short ? [`-${flag.short}`] : [])]
        : [],
    ),
  );
  return [...new Set(names)].sort();
}

function formatBash(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const flags = Object.keys(allFlags(command)).map((name) => `--${name}`);
    return `    ${command.name}) words="${[...listChoices(command), ...flags].join(" ")}" ;;`;
  });
  return `# bash completion for sessionup
_sessionup() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) command="$word"; break ;; esac
  done
  case "$previous" in
    ${valueFlags(commands, true).join("|")}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${valueFlags(commands, false).join("|")}) return ;;
  esac
  case "$command" in
    "") words="${commands.map(({ name }) => name).join(" ")} --help --version" ;;
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _sessionup sessionup`;
}

/** Quotes text for a single-quoted string of zsh and fish. */
function quote(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("'", "'\\''");
}

function formatZsh(commands: readonly Command[]): string {
  const describe = (text: string) =>
    quote(text).replaceAll("[", "\\[").replaceAll("]", "\\]").replaceAll(":", "\\:");
  const cases = commands.map((command) => {
    const flags = Object.entries(allFlags(command)).map(([name, flag]) => {
      const value = takesValue(flag) ? `:value:${flag.isPath ? "_files" : " "}` : "";
      return `        '--${name}[${describe(flag.summary)}]${value}'`;
    });
    const choices = listChoices(command);
    const operands = choices.length > 0 ? [`        '1:value:(${choices.join(" ")})'`] : [];
    return `      ${command.name})\n        _arguments \\\n${[...operands, ...flags].join(" \\\n")} ;;`;
  });
  const names = commands.map(({ name, summary }) => `    '${name}:${describe(summary)}'`);
  return `#compdef sessionup
_sessionup() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case "$command" in
${cases.join("\n")}
  esac
}
compdef _sessionup sessionup`;
}

function formatFish(commands: readonly Command[]): string {
  const isFirst = "__fish_use_subcommand";
  const lines = commands.flatMap((command) => {
    const { name, summary } = command;
    const choices = listChoices(command);
    const seen = `__fish_seen_subcommand_from ${name}`;
    return [
      `complete -c sessionup -f -n ${isFirst} -a ${name} -d '${quote(summary)}'`,
      ...(choices.length > 0 ? [`complete -c sessionup -f -n '${seen}' -a '${choices.join(" ")}'`] : []),
      ...Object.entries(allFlags(command)).map(([flag, { short, summary: text, ...rest }]) => {
        const isPath = "isPath" in rest && rest.isPath === true;
        const value = "value" in rest ? (isPath ? " -r -F" : " -x") : " -f";
        return `complete -c sessionup -n '${seen}' -l ${flag}${short ? ` -s ${short}` : ""}${value} -d '${quote(text)}'`;
      }),
    ];
  });
  return ["# fish completion for sessionup", ...lines].join("\n");
}
