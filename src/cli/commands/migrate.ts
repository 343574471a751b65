import type { Store } from "../../store.ts";
import type { SqlStore } from "../../stores/shared/sql-store.ts";
import { CliError } from "../cli-error.ts";
import { type Command, createCommand } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";

const FLAGS = {
  print: { short: "p", summary: "Print the SQL for a database without tables, and change nothing" },
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
  ],
  flags: FLAGS,
  examples: [
    ["Create the tables", "sessionup migrate --store postgres://app@localhost/app"],
    ["Write a migration of your own", "sessionup migrate --print --store mysql://localhost/app > 001.sql"],
  ],
  async run(context, { flags }) {
    const { terminal } = context;
    const { store, engine, close } = await openStore(context, flags, {
      creates: true,
      isOffline: flags.print,
    });
    try {
      if (!isSqlStore(store)) {
        if (flags.print) throw new CliError(`${engine} has no tables.`);
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
      return EXIT.ok;
    } finally {
      await close();
    }
  },
});

function isSqlStore(store: Store): store is SqlStore {
  return "migrate" in store && typeof store.migrate === "function";
}

function describe(before: number | undefined, after: number | undefined): string {
  if (after === undefined) return "The tables are up to date.";
  if (before === after) return `The tables already had version ${after}. Nothing to do.`;
  return before
    ? `Upgraded the tables from version ${before} to ${after}.`
    : `Created the tables, version ${after}.`;
}
