/** docs/reference/cli.md has the help of every command, as the program prints it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findCommandName, parseArguments } from "../../src/cli/arguments.ts";
import { findCommand, loadCommands } from "../../src/cli/commands.ts";
import { EXIT } from "../../src/cli/exit-code.ts";
import { formatCommandHelp, formatProgramHelp } from "../../src/cli/help.ts";
import { FIELDS } from "../../src/cli/session-output.ts";
import { ROOT } from "../support/entries.ts";
import { markdownFences } from "./documents.ts";

const COMMANDS = await loadCommands();
const FILE = `${ROOT}docs/reference/cli.md`;
const PAGE = readFileSync(FILE, "utf8");
const MARK = "<!-- The rest is written by: npx vitest run test/docs/cli.test.ts -u -->\n";

function toSection(title: string, help: string): string {
  return `\n### ${title}\n\n\`\`\`text\n${help}\n\`\`\`\n`;
}

it("the page has the help of every command (update: vitest -u)", async () => {
  const sections = COMMANDS.map((command) => toSection(command.name, formatCommandHelp(command)));
  const [head = ""] = PAGE.split(MARK, 1);
  const all = [toSection("sessionup", formatProgramHelp(COMMANDS)), ...sections].join("");
  await expect(head + MARK + all).toMatchFileSnapshot(FILE);
});

it("the page lists the exit codes", () => {
  const codes = [...PAGE.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});

it("the help of list names the fields of a line in their order", () => {
  const list = COMMANDS.find(({ name }) => name === "list");
  const names = /fields (.*) and (\w+), with tabs/.exec(list?.description.join(" ") ?? "");
  expect([...(names?.[1]?.split(", ") ?? []), names?.[2]]).toEqual(FIELDS);
});

/** The command lines of the documentation, and those of the help. */
const LINES = [
  ...markdownFences()
    .filter(({ language }) => language === "sh")
    .flatMap(({ code }) => code.split("\n"))
    .filter((line) => line.includes("npx ")),
  ...COMMANDS.flatMap(({ examples }) => examples.map(([, line]) => line)),
].flatMap((line) => /\bsessionup (?=[a-z-])(.*)/.exec(line)?.[1] ?? []);

describe("command lines in the documentation", () => {
  it("there are some", () => {
    expect(LINES.length).toBeGreaterThan(40);
  });

  it.each([...new Set(LINES)])("sessionup %s", async (line) => {
    const [own = ""] = line.split(/ [|>]|\)/);
    const { name = "", args } = findCommandName(own.trim().split(" "), COMMANDS);
    const command = await findCommand(name);
    expect(() => parseArguments(command, args, Date.now())).not.toThrow();
  });
});
