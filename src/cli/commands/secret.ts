import { randomBytes } from "node:crypto";
import { type Command, createCommand } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { parseCount } from "../flag.ts";

/** The bytes of a key. The option `keys` needs at least 32 characters, and these become 43. */
const BYTES = 32;

const FLAGS = {
  count: {
    short: "n",
    value: "<number>",
    summary: "How many keys, one per line. Default: 1",
    parse: parseCount,
  },
} as const;

/** Generates keys. */
export const secretCommand: Command = createCommand({
  name: "secret",
  group: "Set up",
  summary: "Generate a key for the option keys",
  description: [
    `Prints a key of ${BYTES} random bytes, as letters, digits, "-" and "_". The option keys takes a list: put a new key first, and remove the old one when everything that it signed has expired.`,
  ],
  flags: FLAGS,
  examples: [
    ["A key for an environment file", 'echo "SESSION_KEYS=$(sessionup secret)" >> .env'],
    ["Two keys", "sessionup secret --count 2"],
  ],
  async run({ terminal }, { flags }) {
    const keys = Array.from({ length: flags.count ?? 1 }, () => randomBytes(BYTES).toString("base64url"));
    await terminal.write(keys);
    return EXIT.ok;
  },
});
