import { usageError } from "../cli-error.ts";
import { type Command, createCommand } from "../command.ts";
import { escapeControls, toSafeJson } from "../escape.ts";
import { EXIT } from "../exit-code.ts";
import { parseText } from "../flag.ts";
import { toOperator } from "../operator.ts";
import { openStore } from "../stores/open-store.ts";
import { ENDING_FLAGS, STORE_FLAGS } from "../stores/store-flags.ts";
import { formatCount } from "../wording.ts";

const FLAGS = {
  user: { group: "Sessions", value: "<key>", summary: "End all sessions of this user", parse: parseText },
  except: { group: "Sessions", value: "<id>", summary: "With --user: keep this session", parse: parseText },
  json: { group: "Output", summary: "One JSON object: { ended: [ids] }" },
  ...ENDING_FLAGS,
  ...STORE_FLAGS,
} as const;

/** Ends one session or the sessions of one user. */
export const revokeCommand: Command = createCommand({
  name: "revoke",
  group: "End sessions",
  summary: "End one session, or all sessions of a user",
  description: [
    "The next request of an ended session is rejected. It prints the ids that ended. If no session ended, nothing was changed and the exit code is 3.",
  ],
  operands: [{ name: "id" }],
  flags: FLAGS,
  examples: [
    ["End one session", "sessionup revoke 4kQ8f2mZr1Xw0bTn6VhJ9c"],
    ["Sign a user out everywhere", "sessionup revoke --user ann@example.com"],
    ["Everywhere but here", "sessionup revoke --user ann@example.com --except 4kQ8f2mZr1Xw0bTn6VhJ9c"],
  ],
  async run(context, { operands: [id], flags }) {
    const { user, except } = flags;
    if ((id === undefined) === (user === undefined))
      throw usageError("Name one session, or a user with --user.", "For other criteria, use revoke-where.");
    if (except !== undefined && user === undefined) throw usageError("--except needs --user.");
    const { terminal } = context;
    const by = toOperator(flags.by);
    const { manager, close } = await openStore(context, flags, {
      tombstones: flags.tombstones,
      push: !flags["no-push"],
      trail: "existing",
    });
    try {
      const ended =
        user !== undefined
          ? await manager.revokeByUserKey(user, { by, ...(except !== undefined && { except: [except] }) })
          : id !== undefined && (await manager.revokeById(id, { by }))
            ? [id]
            : [];
      if (flags.json) await terminal.write(toSafeJson({ ended }));
      else if (!terminal.isInteractive) await terminal.write(ended);
      if (terminal.isInteractive && !flags.json && ended.length > 0)
        await terminal.write(`Ended ${formatCount(ended.length, "session")}.`);
      if (ended.length > 0) return EXIT.ok;
      terminal.note(
        user === undefined
          ? `The store has no live session ${escapeControls(id ?? "")}.`
          : `The user ${escapeControls(user)} has no${except === undefined ? "" : " other"} session.`,
      );
      return EXIT.notFound;
    } finally {
      await close();
    }
  },
});
