import { eraseUser } from "../../admin/user-data.ts";
import { usageError } from "../cli-error.ts";
import { type Command, createCommand } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { escapeControls } from "../escape.ts";
import { EXIT } from "../exit-code.ts";
import { toOperator } from "../operator.ts";
import { openStore } from "../stores/open-store.ts";
import { ENDING_FLAGS, STORE_FLAGS } from "../stores/store-flags.ts";
import { formatCount } from "../wording.ts";

const { by, "no-push": noPush } = ENDING_FLAGS;
const FLAGS = {
  yes: { group: "Safety", short: "y", summary: "Do not ask. For scripts" },
  json: { group: "Output", summary: "One JSON object: { sessions, tombstones }" },
  by,
  "no-push": noPush,
  ...STORE_FLAGS,
} as const;

/** Removes what a store has about one user. */
export const eraseUserCommand: Command = createCommand({
  name: "erase-user",
  group: "End sessions",
  summary: "End a user's sessions and remove what is stored",
  description: [
    "For a request for erasure (GDPR, article 17): ends the user's sessions, and removes the ended ones that the store remembers. Close the account first, so that no login begins another session. It cannot be undone.",
  ],
  operands: [{ name: "user", required: true }],
  flags: FLAGS,
  examples: [
    ["Erase a user, after a question", "sessionup erase-user ann@example.com"],
    ["From a script", "sessionup erase-user ann@example.com --yes --json"],
  ],
  async run(context, { operands: [user = ""], flags }) {
    const { terminal, signal } = context;
    if (!flags.yes && !terminal.canAsk) throw usageError("There is no terminal to confirm on. Add --yes.");
    const { manager, close } = await openStore(context, flags, { push: !flags["no-push"] });
    try {
      const live = await manager.fetchByUserKey(user);
      if (!flags.yes) {
        terminal.note(`The user ${escapeControls(user)} has ${formatCount(live.length, "live session")}.`);
        if (!(await confirm(context, "Type erase to remove everything about the user: ", ["erase"]))) {
          terminal.note("Nothing was erased.");
          return signal.aborted ? EXIT.interrupted : EXIT.failure;
        }
      }
      const { sessions, tombstones } = await eraseUser(manager, user, { by: toOperator(flags.by) });
      if (flags.json) await terminal.write(JSON.stringify({ sessions, tombstones }));
      else
        await terminal.write(
          `Ended ${formatCount(sessions, "session")}, and removed ${formatCount(tombstones, "ended one")}.`,
        );
      return sessions + tombstones > 0 ? EXIT.ok : EXIT.notFound;
    } finally {
      await close();
    }
  },
});
