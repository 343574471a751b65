import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { exportUser } from "../../admin/user-data.ts";
import { describePending, openUnsealed } from "../audit/unsealed.ts";
import { type Command, createCommand } from "../command.ts";
import { escapeControls, toSafeJson } from "../escape.ts";
import { EXIT } from "../exit-code.ts";
import { parseText } from "../flag.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";
import { formatCount } from "../wording.ts";

const FLAGS = {
  output: {
    group: "Output",
    short: "o",
    value: "<file>",
    summary: "Write to this new file, which only you can read",
    isPath: true,
    parse: parseText,
  },
  ...STORE_FLAGS,
} as const;

/** Exports what a store has about one user. */
export const exportUserCommand: Command = createCommand({
  name: "export-user",
  group: "Look at sessions",
  summary: "Write everything stored about a user as JSON",
  description: [
    "For a request for access (GDPR, article 15): live sessions, the ended ones that the store remembers, and the user's entries of the audit trail of the store. It has no secret and no hash of one. For a user of whom the store has nothing, the lists are empty, and the exit code is 3.",
  ],
  operands: [{ name: "user", required: true }],
  flags: FLAGS,
  examples: [
    ["Into a file", "sessionup export-user ann@example.com --output ann.json"],
    ["The addresses of a user", "sessionup export-user ann@example.com | jq -r '.sessions[].ip'"],
  ],
  async run(context, { operands: [user = ""], flags }) {
    const { terminal, cwd } = context;
    const { manager, now, findTrail, close } = await openStore(context, flags);
    try {
      const trail = await findTrail();
      const pending = trail && (await describePending(trail, now()));
      if (pending !== undefined) terminal.note(`${pending} The export leaves them out.`);
      const found = await exportUser(manager, user, {
        ...(trail && { trail: openUnsealed(context, trail, now) }),
      });
      const text = toSafeJson(found, 2);
      const count = formatCount(found.sessions.length, "session");
      const entries =
        found.trail && ` and ${formatCount(found.trail.length, "entry", "entries")} of the audit trail`;
      if (flags.output === undefined) await terminal.write(text);
      else {
        await writeFile(resolve(cwd, flags.output), `${text}\n`, { mode: 0o600, flag: "wx" });
        terminal.note(`Wrote ${count}${entries ?? ""} to ${flags.output}.`);
      }
      if (found.sessions.length + (found.trail?.length ?? 0) > 0) return EXIT.ok;
      terminal.note(`The store has nothing about the user ${escapeControls(user)}.`);
      return EXIT.notFound;
    } finally {
      await close();
    }
  },
});
