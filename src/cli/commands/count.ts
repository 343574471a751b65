import { countSessions } from "../../admin/scan-sessions.ts";
import { type Command, createCommand } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";

const FLAGS = { json: { group: "Output", summary: "One JSON object" }, ...STORE_FLAGS } as const;

/** Counts sessions. */
export const countCommand: Command = createCommand({
  name: "count",
  group: "Look at sessions",
  summary: "Count live sessions",
  description: [
    'Prints the number of live sessions of all users. Where counting is dear the store estimates, and a terminal shows "about". To count the sessions that match a filter, use revoke-where with --dry-run.',
  ],
  flags: FLAGS,
  examples: [
    ["How many sessions are there?", "sessionup count"],
    ["The number and whether it is exact", "sessionup count --json"],
  ],
  async run(context, { flags }) {
    const { terminal } = context;
    const { manager, close } = await openStore(context, flags);
    try {
      const { count, isExact } = await countSessions(manager);
      if (flags.json) await terminal.write(JSON.stringify({ count, isExact }));
      else await terminal.write(isExact || !terminal.isInteractive ? `${count}` : `about ${count}`);
      return EXIT.ok;
    } finally {
      await close();
    }
  },
});
