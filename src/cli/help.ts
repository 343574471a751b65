import { GLOBAL_FLAGS } from "./arguments.ts";
import type { Command, CommandGroup } from "./command.ts";
import { EXIT } from "./exit-code.ts";
import { type Flag, type FlagTable, takesValue } from "./flag.ts";
import { pad, wrap } from "./text-width.ts";

/** The width of help, whatever the terminal's is: it is also a page of the documentation. */
const WIDTH = 80;
const GROUPS: readonly CommandGroup[] = ["Look at sessions", "End sessions", "Check", "Set up"];

/** Marks a heading. The plain form returns it unchanged. */
type Heading = (text: string) => string;

const EXIT_CODES: ReadonlyArray<readonly [code: number, meaning: string]> = [
  [EXIT.ok, "The command did what it was asked."],
  [EXIT.failure, "The store failed, a check failed, or you did not confirm."],
  [EXIT.usage, "The command line is wrong. Nothing was done."],
  [EXIT.notFound, "No session, user or audit trail was found. Nothing was changed."],
  [EXIT.interrupted, "Ctrl-C. Steps that were complete by then remain."],
];

/** Returns the help of the program, without a newline at the end. */
export function formatProgramHelp(commands: readonly Command[], heading: Heading = (text) => text): string {
  const groups = GROUPS.flatMap((group) => {
    const entries = commands.filter((command) => command.group === group);
    if (entries.length === 0) return [];
    return [
      "",
      heading(group),
      ...formatEntries(
        entries.map(({ name, summary }) => [name, summary]),
        16,
      ),
    ];
  });
  return [
    "Inspect, check and end the sessions of a sessionup store.",
    "",
    heading("Usage"),
    "  sessionup <command> [flags]",
    ...groups,
    "",
    heading("Store"),
    ...formatEntries(
      [
        ["SESSIONUP_STORE", "The store, unless --store names it: a URL, or a module of your app"],
        ["--store <store>", 'Such as "postgres://app@db/app" or "./sessions.js"'],
      ],
      18,
    ),
    "",
    heading("Examples"),
    ...formatExamples([
      ["See who is signed in", "sessionup list --store redis://localhost:6379"],
      ["Find out what is wrong with a store", "sessionup doctor --store ./sessions.js"],
      ["Sign one user out everywhere", "sessionup revoke --user ann@example.com"],
    ]),
    "",
    heading("Exit codes"),
    ...formatEntries(
      EXIT_CODES.map(([code, meaning]) => [`${code}`, meaning]),
      4,
    ),
    "",
    'Run "sessionup <command> --help" for the flags and examples of a command.',
  ].join("\n");
}

/** Returns the help of one command, without a newline at the end. */
export function formatCommandHelp(command: Command, heading: Heading = (text) => text): string {
  const { name, summary, description, operands, flags, examples } = command;
  const shown = operands.map((operand) => (operand.required ? `<${operand.name}>` : `[<${operand.name}>]`));
  return [
    `${summary}.`,
    ...description.flatMap((paragraph) => ["", ...wrap(paragraph, WIDTH)]),
    "",
    heading("Usage"),
    `  ${["sessionup", name, ...shown, "[flags]"].join(" ")}`,
    ...formatFlags({ ...flags, ...GLOBAL_FLAGS }, heading),
    "",
    heading("Examples"),
    ...formatExamples(examples),
  ].join("\n");
}

function formatFlags(flags: FlagTable, heading: Heading): readonly string[] {
  const all = Object.entries(flags).map(([name, flag]) => ({ name, flag, group: flag.group ?? "Flags" }));
  const groups = [...new Set(all.map(({ group }) => group))];
  // The command's own groups come first, and the flags that every command has come last.
  const order = [...groups.filter((group) => group !== "Flags"), "Flags"];
  return order.flatMap((group) => [
    "",
    heading(group),
    ...formatEntries(
      all
        .filter((each) => each.group === group)
        .map(({ name, flag }) => [formatFlag(name, flag), flag.summary]),
      29,
    ),
  ]);
}

function formatFlag(name: string, flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : "    ";
  return `${short}--${name}${takesValue(flag) ? ` ${flag.value}` : ""}`;
}

/** Formats names with their explanations, which begin at the same column. */
function formatEntries(entries: ReadonlyArray<readonly string[]>, column: number): readonly string[] {
  return entries.flatMap(([name = "", text = ""]) => {
    const [first = "", ...rest] = wrap(text, WIDTH - column - 2);
    const indent = " ".repeat(column + 2);
    const continued = rest.map((line) => indent + line);
    if (name.length >= column) return [`  ${name}`, indent + first, ...continued];
    return [`  ${pad(name, column)}${first}`, ...continued];
  });
}

function formatExamples(examples: Command["examples"]): readonly string[] {
  return examples.flatMap(([text, line], index) => [
    ...(index === 0 ? [] : [""]),
    `  # ${text}`,
    `  $ ${line}`,
  ]);
}
