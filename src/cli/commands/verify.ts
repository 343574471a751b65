import { type Command, createCommand } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { type Finding, printFinding } from "../finding.ts";
import { parseCount } from "../flag.ts";
import { judgeSchema, judgeSettings } from "../store-findings.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";
import { verifyStore } from "../verify/verify-store.ts";

const DEFAULT_SESSIONS = 1_000;
const DEFAULT_USERS = 100;

const FLAGS = {
  limit: {
    group: "Scope",
    short: "n",
    value: "<number>",
    summary: `Sessions to run through. Default: ${DEFAULT_SESSIONS}`,
    parse: parseCount,
  },
  users: {
    group: "Scope",
    value: "<number>",
    summary: `Users whose lists are read. Default: ${DEFAULT_USERS}`,
    parse: parseCount,
  },
  all: { group: "Scope", summary: "Run through all sessions" },
  json: { group: "Output", summary: "One JSON object per line: { status, name, text, fix? }" },
  ...STORE_FLAGS,
} as const;

/** Checks the contents of a store. */
export const verifyCommand: Command = createCommand({
  name: "verify",
  group: "Check",
  summary: "Check the sessions in a store against the contract",
  description: [
    "Reads sessions of a live database and checks what every store promises about reading: records have the right form and are live, ids belong to the shard of their user, lookups return what the scan returned, lists are complete and sorted, pages add up, and the count is plausible. It writes nothing.",
    "Run it after a restore, a failover, an upgrade of the database, or a change by hand. The exit code is 1 if something is wrong.",
  ],
  flags: FLAGS,
  examples: [
    ["A sample of the sessions", "sessionup verify"],
    ["All of them, after a restore", "sessionup verify --all --users 10000"],
  ],
  async run(context, { flags }) {
    const { terminal, signal } = context;
    const { store, now, close } = await openStore(context, flags);
    const sessions = flags.all ? Number.MAX_SAFE_INTEGER : (flags.limit ?? DEFAULT_SESSIONS);
    const users = flags.users ?? DEFAULT_USERS;
    let failed = false;
    const print = async (finding: Finding) => {
      failed ||= finding.status === "fail";
      await printFinding(terminal, finding, flags.json);
    };
    const toCode = (): ExitCode => (failed ? EXIT.failure : EXIT.ok);
    try {
      const state = await store.inspect?.();
      const schema = state ? judgeSchema(state) : [];
      for (const finding of schema) await print(finding);
      // Without its tables, every other check would only fail.
      if (failed) return toCode();
      if (state) for (const finding of judgeSettings(state)) await print(finding);
      const progress = (text: string) => terminal.progress(text);
      for await (const finding of verifyStore(store, { sessions, users }, { now, progress, signal }))
        await print(finding);
      return signal.aborted ? EXIT.interrupted : toCode();
    } finally {
      await close();
    }
  },
});
