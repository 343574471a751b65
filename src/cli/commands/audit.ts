import { toEcs } from "../../audit/ecs.ts";
import type { AuditEntry } from "../../audit/entry.ts";
import { toOcsf } from "../../audit/ocsf.ts";
import { toFindings } from "../audit/audit-findings.ts";
import { formatHead, readHeads } from "../audit/audit-heads.ts";
import { KEYS_VARIABLE } from "../audit/audit-keys.ts";
import { type AuditSource, type EntryFilter, openAuditSource } from "../audit/audit-source.ts";
import { usageError } from "../cli-error.ts";
import { type Command, type Context, createCommand } from "../command.ts";
import { escapeControls, toSafeJson } from "../escape.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { printFinding } from "../finding.ts";
import { type FlagValues, parseText, toChoiceParser } from "../flag.ts";
import { parseMoment } from "../moment.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";
import { findNearest } from "../suggestion.ts";
import { formatCount } from "../wording.ts";

/** The forms of an exported entry. */
const FORMATS = { json: (entry: AuditEntry): object => entry, ecs: toEcs, ocsf: toOcsf } as const;
const FORMAT_NAMES = Object.keys(FORMATS) as ReadonlyArray<keyof typeof FORMATS>;

const FLAGS = {
  file: {
    group: "Trail",
    short: "f",
    value: "<file>",
    summary: "A file that fileSink has written, instead of the store",
    isPath: true,
    parse: parseText,
  },
  head: {
    group: "Verify",
    value: "<head>",
    summary: "A head that you kept elsewhere, or a file with heads, so that a cut end is found",
    isPath: true,
    parse: parseText,
  },
  format: {
    group: "Export",
    value: "<name>",
    summary: "json (default), ecs or ocsf",
    choices: FORMAT_NAMES,
    parse: toChoiceParser(FORMAT_NAMES),
  },
  user: { group: "Export", value: "<key>", summary: "The entries of this user", parse: parseText },
  after: {
    group: "Export",
    value: "<time>",
    summary: "Entries of this time or later: 2026-01-31, 7d (ago)",
    parse: parseMoment,
  },
  before: { group: "Export", value: "<time>", summary: "Entries earlier than this", parse: parseMoment },
  json: {
    group: "Output",
    summary: "verify: one JSON object { ok, entries, heads, follows, problems }. head: one per chain",
  },
  ...STORE_FLAGS,
} as const;

type Values = FlagValues<typeof FLAGS>;

interface Action {
  readonly run: (context: Context, source: AuditSource, values: Values) => Promise<ExitCode>;
  /** The flags that only some actions have. */
  readonly flags: readonly string[];
}

const ACTIONS: Readonly<Record<string, Action>> = {
  verify: { run: verify, flags: ["head", "json"] },
  export: { run: exportEntries, flags: ["format", "user", "after", "before"] },
  head: { run: printHeads, flags: ["json"] },
};
const NAMES: readonly string[] = Object.keys(ACTIONS);

/** Verifies and exports the audit trail. */
export const auditCommand: Command = createCommand({
  name: "audit",
  group: "Check",
  summary: "Verify or export the audit trail",
  description: [
    "audit verify checks that no entry was changed, deleted or inserted. Pass the keys of the trail in the variable " +
      `${KEYS_VARIABLE}, with commas between them. The exit code is 1 if something is wrong, and 3 without a trail or any entry.`,
    "audit export prints the entries, oldest first, one JSON object per line. audit head prints the end of each chain: keep it elsewhere for audit verify --head.",
    "The trail is that of the store, or a file. The command only reads. It leaves out rows that have no place in the chain yet, usually those of the last second.",
  ],
  operands: [{ name: NAMES.join("|"), required: true, choices: NAMES }],
  flags: FLAGS,
  examples: [
    ["Verify the trail of the store, against a kept head", "sessionup audit verify --head heads.txt"],
    ["Keep its head on another machine", "sessionup audit head | ssh vault 'cat >> heads.txt'"],
    [
      "Verify a file and the one before it",
      "cat audit.jsonl.1 audit.jsonl | npx sessionup audit verify --file /dev/stdin",
    ],
    ["A user's last week, for a SIEM", "sessionup audit export --user ann --after 7d --format ocsf"],
  ],
  async run(context, { operands: [name = ""], flags }) {
    const action = findAction(name);
    checkFlags(name, action, flags);
    const source = await openAuditSource(context, flags);
    try {
      return await action.run(context, source, flags);
    } finally {
      await source.close();
    }
  },
});

function findAction(name: string): Action {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action) return action;
  const nearest = findNearest(name, NAMES);
  throw usageError(
    `"${escapeControls(name)}" is not one of ${NAMES.join(", ")}.`,
    ...(nearest === undefined ? [] : [`Did you mean "audit ${nearest}"?`]),
  );
}

/** Throws for a flag of another action: an export must not look filtered if it is not. */
function checkFlags(name: string, { flags }: Action, values: Values): void {
  const others = Object.values(ACTIONS).flatMap((action) => action.flags);
  for (const flag of others) {
    const value = values[flag as keyof Values];
    if (!flags.includes(flag) && value !== undefined && value !== false)
      throw usageError(`--${flag} has no effect on audit ${name}.`);
  }
  const { after, before } = values;
  if (after && before && after >= before)
    throw usageError("No entry can match: --after is not earlier than --before.");
}

async function verify({ terminal, cwd }: Context, source: AuditSource, values: Values): Promise<ExitCode> {
  const heads = await readHeads(values.head, cwd);
  const report = await source.verify(heads);
  if (values.json) await terminal.write(toSafeJson(report));
  else for (const finding of toFindings(report)) await printFinding(terminal, finding, false);
  if (!report.ok) return EXIT.failure;
  if (report.entries > 0) return EXIT.ok;
  // An attacker who deletes everything must not make the check succeed.
  terminal.note("The trail has no entry.");
  return EXIT.notFound;
}

async function exportEntries(
  { terminal, signal }: Context,
  source: AuditSource,
  { user, after, before, format = "json" }: Values,
): Promise<ExitCode> {
  const filter: EntryFilter = {
    ...(user !== undefined && { userKey: user }),
    ...(after && { from: after.getTime() }),
    ...(before && { before: before.getTime() }),
  };
  let exported = 0;
  let unreadable = 0;
  for await (const page of source.read(filter)) {
    const entries = page.filter((entry) => entry !== undefined);
    unreadable += page.length - entries.length;
    exported += entries.length;
    if (entries.length > 0) await terminal.write(entries.map((entry) => toSafeJson(FORMATS[format](entry))));
    if (signal.aborted) return EXIT.interrupted;
  }
  if (unreadable > 0)
    terminal.note(
      `${formatCount(unreadable, "line")} left out, because it is not an entry. Run: sessionup audit verify`,
    );
  if (exported === 0) terminal.note("No entry matches.");
  return EXIT.ok;
}

async function printHeads({ terminal }: Context, source: AuditSource, { json }: Values): Promise<ExitCode> {
  const heads = await source.readHeads();
  await terminal.write(heads.map((head) => (json ? toSafeJson(head) : formatHead(head))));
  if (heads.length > 0) return EXIT.ok;
  terminal.note("The trail has no entry.");
  return EXIT.notFound;
}
