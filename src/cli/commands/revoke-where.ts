import type { SessionFilter } from "../../admin/filter.ts";
import { revokeAllBefore, revokeWhere } from "../../admin/revoke-sessions.ts";
import { countSessions, scanSessions } from "../../admin/scan-sessions.ts";
import type { Session } from "../../session.ts";
import type { Actor } from "../../store.ts";
import { CliError, usageError } from "../cli-error.ts";
import { type Command, type Context, createCommand } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { FILTER_FLAGS, isEmpty, toFilter } from "../filter-flags.ts";
import { parseCount } from "../flag.ts";
import { Interrupted } from "../interrupted.ts";
import { toOperator } from "../operator.ts";
import { SessionTable } from "../session-output.ts";
import { type OpenedStore, openStore } from "../stores/open-store.ts";
import { ENDING_FLAGS, STORE_FLAGS } from "../stores/store-flags.ts";
import { formatCount, formatNumber } from "../wording.ts";

/** The sessions that the dry run shows. */
const SAMPLE = 5;
const STEP = 1_000;
/** Users are counted up to this number, so that the memory stays small. */
const MAX_USERS = 100_000;

const FLAGS = {
  ...FILTER_FLAGS,
  everyone: { group: "Filter", summary: "All sessions that exist now, of all users, instead of a filter" },
  "dry-run": { group: "Safety", summary: "Only show how many sessions match, and some of them" },
  yes: { group: "Safety", short: "y", summary: "Do not ask. For scripts" },
  max: {
    group: "Safety",
    value: "<number>",
    summary: "Do nothing if more sessions than this match",
    parse: parseCount,
  },
  json: { group: "Output", summary: "One JSON object: { matched, users, ended, dryRun }" },
  ...ENDING_FLAGS,
  ...STORE_FLAGS,
} as const;

/** Ends the sessions that match a filter. */
export const revokeWhereCommand: Command = createCommand({
  name: "revoke-where",
  group: "End sessions",
  summary: "End the sessions that match a filter, after a dry run",
  description: [
    "First it only looks: it counts the live sessions that match all given filters and shows some of them. Then it asks you to type the number. Sessions that begin while you think end too if they match.",
    "It works in many small steps. If it is interrupted, run it again: it continues with the sessions that are left.",
  ],
  flags: FLAGS,
  examples: [
    ["Look at what would end, and change nothing", "sessionup revoke-where --ip 203.0.113.0/24 --dry-run"],
    [
      "End what began in that network since a breach",
      "sessionup revoke-where --ip 203.0.113.0/24 --created-after 2026-01-31T03:00Z",
    ],
    ["Sign everyone out", "sessionup revoke-where --everyone"],
    ["Nightly, but never more than expected", "sessionup revoke-where --seen-before 90d --yes --max 5000"],
  ],
  async run(context, { flags }) {
    const filter = toFilter(flags);
    if (flags.everyone !== isEmpty(filter))
      throw usageError(
        flags.everyone ? "--everyone takes no other filter." : "Give at least one filter, or --everyone.",
        'Run "sessionup revoke-where --help" for the filters.',
      );
    // A usage error must come before the long search.
    if (!flags.yes && !flags["dry-run"] && !context.terminal.canAsk)
      throw usageError("There is no terminal to confirm on. Add --yes, or look first with --dry-run.");
    const opened = await openStore(context, flags, {
      tombstones: flags.tombstones,
      push: !flags["no-push"],
      trail: "existing",
    });
    try {
      if (!opened.store.scan)
        throw new CliError("This store cannot look at the sessions of all users.", {
          hints: ["End the sessions of one user with: sessionup revoke --user <key>"],
        });
      const plan: Plan = { filter, moment: flags.everyone ? new Date(opened.now()) : undefined };
      return await runPlan(context, opened, plan, {
        dryRun: flags["dry-run"],
        yes: flags.yes,
        json: flags.json,
        max: flags.max,
        by: toOperator(flags.by),
      });
    } finally {
      await opened.close();
    }
  },
});

/** The sessions to end: those that match a filter, or all that began before a moment. */
interface Plan {
  readonly filter: SessionFilter;
  readonly moment: Date | undefined;
}

interface Answers {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
  readonly max: number | undefined;
  readonly by: Actor;
}

async function runPlan(
  context: Context,
  opened: OpenedStore,
  plan: Plan,
  { dryRun, yes, json, max, by }: Answers,
): Promise<ExitCode> {
  const { terminal, signal } = context;
  const found = await (plan.moment ? countEveryone(opened) : countMatches(context, opened, plan.filter));
  const report = (ended: number) =>
    json
      ? terminal.write(
          JSON.stringify({
            matched: found.matched,
            ...(found.users !== undefined && { users: found.users }),
            ended,
            dryRun,
          }),
        )
      : undefined;
  if (!json) showMatches(context, found);
  if (found.matched === 0) {
    await report(0);
    return EXIT.notFound;
  }
  if (max !== undefined && found.matched > max)
    throw new CliError(
      `${formatCount(found.matched, "session")} match, and --max is ${formatNumber(max)}. Nothing was ended.`,
    );
  if (dryRun) {
    await report(0);
    if (!json) terminal.note("This was a dry run. Nothing was ended.");
    return EXIT.ok;
  }
  if (!yes && !(await confirmEnd(context, found))) {
    terminal.note("Nothing was ended.");
    return signal.aborted ? EXIT.interrupted : EXIT.failure;
  }
  const ended = await end(context, opened, plan, by, found.matched);
  await report(ended);
  if (!json) await terminal.write(`Ended ${formatCount(ended, "session")}.`);
  return EXIT.ok;
}

/** The findings of the dry run. */
interface Matches {
  readonly matched: number;
  readonly isExact: boolean;
  /** The number of their users. Absent if it is not known. */
  readonly users?: number;
  readonly sample: readonly Session<unknown>[];
}

async function countMatches(
  { terminal, signal }: Context,
  { manager }: OpenedStore,
  filter: SessionFilter,
): Promise<Matches> {
  const users = new Set<string>();
  const sample: Session<unknown>[] = [];
  let matched = 0;
  let cursor: string | undefined;
  do {
    const page = await scanSessions(manager, {
      filter,
      limit: STEP,
      ...(cursor !== undefined && { cursor }),
    });
    matched += page.sessions.length;
    for (const session of page.sessions) {
      if (sample.length < SAMPLE) sample.push(session);
      if (users.size <= MAX_USERS) users.add(session.userKey);
    }
    cursor = page.cursor;
    terminal.progress(`${formatNumber(matched)} sessions match so far. Looking for more …`);
    if (signal.aborted) throw new Interrupted("Nothing was ended.");
  } while (cursor !== undefined);
  return { matched, isExact: true, ...(users.size <= MAX_USERS && { users: users.size }), sample };
}

async function countEveryone({ manager, store }: OpenedStore): Promise<Matches> {
  const { count, isExact } = await countSessions(manager);
  const sample = store.scan ? (await scanSessions(manager, { limit: SAMPLE })).sessions : [];
  // An estimate may be 0 although there are sessions.
  return { matched: Math.max(count, sample.length), isExact, sample };
}

/** The dry run is for the operator, so it goes to the standard error. */
function showMatches({ terminal, now }: Context, { matched, isExact, users, sample }: Matches): void {
  if (matched === 0) {
    terminal.note("No live session matches. Nothing was ended.");
    return;
  }
  const of = users === undefined ? "" : ` of ${formatCount(users, "user")}`;
  const verb = matched === 1 ? "matches" : "match";
  const rest = matched - sample.length;
  terminal.note([
    `${isExact ? "" : "About "}${formatCount(matched, "session")}${of} ${verb}${sample.length > 0 ? ":" : "."}`,
    "",
    ...new SessionTable(terminal.width).format(sample, now(), (text) =>
      terminal.style("strong", text, "stderr"),
    ),
    ...(rest > 0 ? [`… and ${isExact ? "" : "about "}${formatNumber(rest)} more`] : []),
    "",
  ]);
}

async function confirmEnd(context: Context, { matched, isExact }: Matches): Promise<boolean> {
  const question = isExact
    ? `Type ${matched} to end ${matched === 1 ? "it" : "them"}: `
    : "Type revoke to end them: ";
  return confirm(context, question, [...(isExact ? [`${matched}`] : []), "revoke"]);
}

async function end(
  { terminal, signal }: Context,
  { manager, location }: OpenedStore,
  { filter, moment }: Plan,
  by: Actor,
  matched: number,
): Promise<number> {
  // Only `createdAt.before` has a way that takes few steps.
  const { createdAt, ...others } = filter;
  const before = moment ?? (isEmpty(others) && createdAt?.from === undefined ? createdAt?.before : undefined);
  if (before) {
    terminal.progress(`Ending ${formatNumber(matched)} sessions …`);
    return revokeAllBefore(manager, before, { by });
  }
  let last = 0;
  const onProgress = (ended: number) => {
    last = ended;
    terminal.progress(`Ended ${formatNumber(ended)} of ${formatNumber(matched)} sessions …`);
    if (signal.aborted)
      throw new Interrupted(`Ended ${formatCount(ended, "session")} until then. Run it again for the rest.`);
  };
  try {
    return await revokeWhere(manager, filter, { by, onProgress });
  } catch (cause) {
    if (cause instanceof Interrupted) throw cause;
    throw new CliError(
      `The store (${location.engine}) failed after ${formatCount(last, "session")} had ended.`,
      {
        cause,
        hints: ["Run the command again: it continues with the sessions that are left."],
      },
    );
  }
}
