import { type Command, createCommand } from "../command.ts";
import { escapeControls, toSafeJson } from "../escape.ts";
import { EXIT } from "../exit-code.ts";
import { type FoundSession, findSession } from "../find-session.ts";
import { formatMoment } from "../moment.ts";
import { describeSession, toSessionObject } from "../session-output.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";
import { pad } from "../text-width.ts";

const FLAGS = { json: { group: "Output", summary: "One JSON object" }, ...STORE_FLAGS } as const;

/** Shows one session. */
export const showCommand: Command = createCommand({
  name: "show",
  group: "Look at sessions",
  summary: "Show one session",
  description: [
    "Shows what the store knows about a session: its user, client and times, or when and why it ended if the store remembers that. It never shows secrets or their hashes.",
  ],
  operands: [{ name: "id", required: true }],
  flags: FLAGS,
  examples: [
    ["Look at a session before ending it", "sessionup show 4kQ8f2mZr1Xw0bTn6VhJ9c"],
    ["Its user alone", "sessionup show 4kQ8f2mZr1Xw0bTn6VhJ9c --json | jq -r .userKey"],
  ],
  async run(context, { operands: [id = ""], flags }) {
    const { terminal } = context;
    const { manager, close } = await openStore(context, flags);
    try {
      const found = await findSession(manager, id);
      if (!found) {
        terminal.note(`The store has no session ${escapeControls(id)}.`);
        return EXIT.notFound;
      }
      if (flags.json) await terminal.write(toSafeJson(toJson(id, found)));
      else await terminal.write(toLines(id, found, context.now(), (text) => terminal.style("faint", text)));
      return found.session ? EXIT.ok : EXIT.notFound;
    } finally {
      await close();
    }
  },
});

function toJson(id: string, { session, ended, expiredAt }: FoundSession): object {
  if (session) return toSessionObject(session);
  if (ended)
    return { id, userKey: ended.userKey, ended: { at: ended.at.toISOString(), reason: ended.reason } };
  return { id, expiredAt: expiredAt?.toISOString() };
}

function toLines(
  id: string,
  { session, ended, expiredAt }: FoundSession,
  now: number,
  faint: (text: string) => string,
): readonly string[] {
  const rows = session
    ? describeSession(session, now)
    : [
        ["Session", id],
        ...(ended
          ? [
              ["User", escapeControls(ended.userKey)],
              ["Ended", formatMoment(ended.at, now)],
              ["Reason", ended.reason],
            ]
          : []),
        ...(expiredAt ? [["Expired", formatMoment(expiredAt, now)]] : []),
      ];
  return rows.map(([label = "", value = ""]) => faint(pad(label, 11)) + value);
}
