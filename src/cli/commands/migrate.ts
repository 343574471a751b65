import { CliError } from "../cli-error.ts";
import { type Command, createCommand } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { isSqlStore, openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";

const FLAGS = {
  print: { short: "p", summary: "Print the SQL for a database without tables, and change nothing" },
  audit: { summary: "Also create or print the tables of the audit trail" },
  ...STORE_FLAGS,
} as const;

/** Creates or upgrades the tables. */
export const migrateCommand: Command = createCommand({
  name: "migrate",
  group: "Set up",
  summary: "Create or upgrade the tables of a SQL store",
  description: [
    "Creates the tables, or upgrades them to this release. It is safe to run it again, and on several machines at a time. Redis and LMDB need no tables.",
    "With --print it needs no connection: use the SQL in your own migrations.",
    "It also upgrades the tables of an audit trail. If there are none, --audit creates them, for an app whose store has the option audit.",
  ],
  flags: FLAGS,
  examples: [
    ["Create the tables", "sessionup migrate --store postgres://app@localhost/app"],
    ["Write a migration of your own", "sessionup migrate --print --store mysql://localhost/app > 001.sql"],
    ["With an audit trail", "sessionup migrate --audit --store postgres://app@localhost/app"],
  ],
  async run(context, { flags }) {
    const { terminal } = context;
    const { store, engine, close } = await openStore(context, flags, {
      creates: true,
      isOffline: flags.print,
      trail: flags.audit ? "always" : flags.print ? undefined : "existing",
    });
    try {
      if (!isSqlStore(store)) {
        if (flags.print || flags.audit) throw new CliError(`${engine} has no tables.`);
        terminal.note(`${engine} needs no tables. Nothing to do.`);
        return EXIT.ok;
      }
      if (flags.print) {
        await terminal.write(store.migrationSql().trimEnd());
        return EXIT.ok;
      }
      const before = (await store.inspect?.())?.schema;
      await store.migrate();
      const after = (await store.inspect?.())?.schema;
      terminal.note(describe(before?.found, after?.found));
      if (store.audit) terminal.note("The tables of the audit trail are up to date.");
      return EXIT.ok;
    } finally {
      await close();
    }
  },
});

function describe(before: number | undefined, after: number | undefined): string {
  if (after === undefined) return "The tables are up to date.";
  if (before === after) return `The tables already had version ${after}. Nothing to do.`;
  return before
    ? `Upgraded the tables from version ${before} to ${after}.`
    : `Created the tables, version ${after}.`;
}
