import { eraseUser, type UserErasure } from "../../admin/user-data.ts";
import { parseDuration } from "../../duration.ts";
import { toErasableTrail } from "../audit/erasable-trail.ts";
import { usageError } from "../cli-error.ts";
import { type Command, createCommand } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { escapeControls } from "../escape.ts";
import { EXIT } from "../exit-code.ts";
import { toChoiceParser } from "../flag.ts";
import { toOperator } from "../operator.ts";
import { openStore } from "../stores/open-store.ts";
import { ENDING_FLAGS, STORE_FLAGS } from "../stores/store-flags.ts";
import { formatCount } from "../wording.ts";

/** How long an erasure waits for the app, without the flag. */
const PATIENCE = "5s";
const POLICIES = ["pseudonymize", "delete", "keep"] as const;

const { by, "no-push": noPush } = ENDING_FLAGS;
const FLAGS = {
  yes: { group: "Safety", short: "y", summary: "Do not ask. For scripts" },
  trail: {
    group: "Record",
    value: "<policy>",
    summary:
      "The user's entries of the audit trail lose what names the user (pseudonymize, the default), lose their content (delete), or stay (keep)",
    choices: POLICIES,
    parse: toChoiceParser(POLICIES),
  },
  json: { group: "Output", summary: "One JSON object: { sessions, tombstones, trail }" },
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
    "For a request for erasure (GDPR, article 17): ends the user's sessions, removes the ended ones that the store remembers, and removes the user from the audit trail of the store. Close the account first, so that no login begins another session. It cannot be undone.",
    "The audit trail stays verifiable. A process of the app must run auditLog meanwhile: it completes the trail, usually within a second.",
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
    const { trail: policy = "pseudonymize", timeout = PATIENCE } = flags;
    const { manager, now, findTrail, close } = await openStore(context, flags, {
      push: !flags["no-push"],
      trail: "existing",
    });
    try {
      const live = await manager.fetchByUserKey(user);
      const trail = policy === "keep" ? undefined : await findTrail();
      if (!flags.yes) {
        const audited = trail ? ", and the store has an audit trail" : "";
        terminal.note(
          `The user ${escapeControls(user)} has ${formatCount(live.length, "live session")}${audited}.`,
        );
        if (!(await confirm(context, "Type erase to remove everything about the user: ", ["erase"]))) {
          terminal.note("Nothing was erased.");
          return signal.aborted ? EXIT.interrupted : EXIT.failure;
        }
      }
      const erased = await eraseUser(manager, user, {
        by: toOperator(flags.by),
        ...(trail && { trail: toErasableTrail(context, trail, now, parseDuration(timeout, "--timeout")) }),
        ...(policy !== "keep" && { trailPolicy: policy }),
      });
      if (flags.json) await terminal.write(JSON.stringify(erased));
      else await terminal.write(describe(erased, trail !== undefined));
      return erased.sessions + erased.tombstones + erased.trail > 0 ? EXIT.ok : EXIT.notFound;
    } finally {
      await close();
    }
  },
});

function describe({ sessions, tombstones, trail }: UserErasure, hasTrail: boolean): string {
  const changed = hasTrail ? ` Changed ${formatCount(trail, "entry", "entries")} of the audit trail.` : "";
  return `Ended ${formatCount(sessions, "session")}, and removed ${formatCount(tombstones, "ended one")}.${changed}`;
}
