import { scanSessions } from "../../admin/scan-sessions.ts";
import type { Session } from "../../session.ts";
import { CliError, usageError } from "../cli-error.ts";
import { type Command, type Context, createCommand } from "../command.ts";
import { toSafeJson } from "../escape.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { FILTER_FLAGS, toFilter } from "../filter-flags.ts";
import { parseCount, parseText } from "../flag.ts";
import { SessionTable, toLine, toSessionObject } from "../session-output.ts";
import { type OpenedStore, openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";

const DEFAULT_LIMIT = 50;
/** The sessions that one step of a long list reads. */
const STEP = 1_000;

const FLAGS = {
  ...FILTER_FLAGS,
  limit: {
    group: "Output",
    short: "n",
    value: "<number>",
    summary: `Longest list. Default: ${DEFAULT_LIMIT}`,
    parse: parseCount,
  },
  all: { group: "Output", summary: "List every matching session, however many there are" },
  cursor: {
    group: "Output",
    value: "<text>",
    summary: "Continue a list with the cursor it ended with",
    parse: parseText,
  },
  json: { group: "Output", summary: "One JSON object per line" },
  ...STORE_FLAGS,
} as const;

/** Lists sessions. */
export const listCommand: Command = createCommand({
  name: "list",
  group: "Look at sessions",
  summary: "List live sessions",
  description: [
    "Lists the live sessions of all users, newest first where the store has such an order. All filters that you give must hold.",
    "On a terminal it prints a table. Otherwise each line has the fields id, userKey, createdAt, lastSeenAt, expiresAt, kind, browser, os, ip, level and deviceName, with tabs between them.",
  ],
  flags: FLAGS,
  examples: [
    ["The sessions of one user", "sessionup list --user ann@example.com"],
    ["Logins of the last hour from one network", "sessionup list --created-after 1h --ip 203.0.113.0/24"],
    ["Count the browsers of everyone who is signed in", "sessionup list --all | cut -f 7 | sort | uniq -c"],
    ["Sessions without a request for a month, as JSON", "sessionup list --all --seen-before 30d --json"],
  ],
  async run(context, { flags }) {
    if (flags.all && (flags.limit !== undefined || flags.cursor !== undefined))
      throw usageError("--all takes neither --limit nor --cursor: it lists everything.");
    const filter = toFilter(flags);
    const opened = await openStore(context, flags);
    try {
      const limit = flags.all ? Number.POSITIVE_INFINITY : (flags.limit ?? DEFAULT_LIMIT);
      const printer = createPrinter(context, flags.json);
      const pages = readPages(opened, filter, limit, flags.cursor);
      return await printPages(context, pages, printer, limit);
    } finally {
      await opened.close();
    }
  },
});

interface Page {
  readonly sessions: readonly Session<unknown>[];
  /** Continues after this page. */
  readonly cursor?: string;
}

async function* readPages(
  { manager, store }: OpenedStore,
  filter: ReturnType<typeof toFilter>,
  limit: number,
  first: string | undefined,
): AsyncGenerator<Page, void> {
  const { userKey, ...others } = filter;
  // A user's own list takes one lookup, and every store has it.
  if (userKey !== undefined && first === undefined && (Object.keys(others).length === 0 || !store.scan)) {
    if (Object.keys(others).length > 0) throw cannotScan();
    yield { sessions: (await manager.fetchByUserKey(userKey)).slice(0, limit) };
    return;
  }
  if (!store.scan) throw cannotScan();
  let cursor = first;
  let found = 0;
  do {
    const step = { filter, limit: Math.min(STEP, limit - found), ...(cursor !== undefined && { cursor }) };
    const page = await scanSessions(manager, step).catch((error: unknown) => {
      // Only the cursor of the command line can be wrong here.
      throw cursor !== undefined && cursor === first && error instanceof TypeError
        ? usageError("--cursor must be the cursor that a list of this store ended with.")
        : error;
    });
    found += page.sessions.length;
    cursor = page.cursor;
    yield page;
  } while (cursor !== undefined && found < limit);
}

/** Prints sessions in one of the forms. */
type Printer = (sessions: readonly Session<unknown>[]) => readonly string[];

function createPrinter({ terminal, now }: Context, json: boolean): Printer {
  if (json) return (sessions) => sessions.map((session) => toSafeJson(toSessionObject(session)));
  if (!terminal.isInteractive) return (sessions) => sessions.map(toLine);
  const table = new SessionTable(terminal.width);
  return (sessions) => table.format(sessions, now(), (text) => terminal.style("strong", text));
}

async function printPages(
  { terminal, signal }: Context,
  pages: AsyncIterable<Page>,
  printer: Printer,
  limit: number,
): Promise<ExitCode> {
  let listed = 0;
  for await (const { sessions, cursor } of pages) {
    if (sessions.length > 0) await terminal.write(printer(sessions));
    listed += sessions.length;
    if (signal.aborted) return EXIT.interrupted;
    if (listed < limit && cursor !== undefined)
      terminal.progress(`${listed} sessions found. Looking for more …`);
    if (listed >= limit && cursor !== undefined)
      terminal.note(`More sessions follow: add --cursor ${cursor}, or --all.`);
  }
  if (listed === 0) terminal.note("No live session matches.");
  return EXIT.ok;
}

function cannotScan(): Error {
  return new CliError("This store cannot look at the sessions of all users.", {
    hints: ["List one user's sessions with --user alone."],
  });
}
