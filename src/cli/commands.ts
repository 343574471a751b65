import { usageError } from "./cli-error.ts";
import type { Command } from "./command.ts";
import { escapeControls } from "./escape.ts";
import { findNearest } from "./suggestion.ts";

/** Loads a command. Loading all of them takes longer than most commands themselves. */
type Load = () => Promise<Command>;

const ASKING: Readonly<Record<string, Load>> = {
  list: async () => (await import("./commands/list.ts")).listCommand,
  show: async () => (await import("./commands/show.ts")).showCommand,
  count: async () => (await import("./commands/count.ts")).countCommand,
  "export-user": async () => (await import("./commands/export-user.ts")).exportUserCommand,
  revoke: async () => (await import("./commands/revoke.ts")).revokeCommand,
  "revoke-where": async () => (await import("./commands/revoke-where.ts")).revokeWhereCommand,
  "erase-user": async () => (await import("./commands/erase-user.ts")).eraseUserCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  audit: async () => (await import("./commands/audit.ts")).auditCommand,
  "bench-store": async () => (await import("./commands/bench-store.ts")).benchStoreCommand,
  migrate: async () => (await import("./commands/migrate.ts")).migrateCommand,
  secret: async () => (await import("./commands/secret.ts")).secretCommand,
};

/** Every command by its name, in the order of the help. */
const COMMANDS: Readonly<Record<string, Load>> = {
  ...ASKING,
  completion: async () => {
    const { createCompletionCommand } = await import("./commands/completion.ts");
    return createCompletionCommand(await loadAll(ASKING));
  },
};

function loadAll(table: Readonly<Record<string, Load>>): Promise<readonly Command[]> {
  return Promise.all(Object.values(table).map((load) => load()));
}

/** Loads every command, in the order of the help. */
export function loadCommands(): Promise<readonly Command[]> {
  return loadAll(COMMANDS);
}

/** Loads a command by its name. Rejects with the error of an unknown one. */
export async function findCommand(name: string): Promise<Command> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return load();
  const nearest = findNearest(name, Object.keys(COMMANDS));
  throw usageError(
    `"${escapeControls(name)}" is not a command.`,
    ...(nearest === undefined ? [] : [`Did you mean "${nearest}"?`]),
    'Run "sessionup --help" for the list of commands.',
  );
}
