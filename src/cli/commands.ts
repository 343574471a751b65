import type { Command } from "./command.ts";
import { auditCommand } from "./commands/audit.ts";
import { benchStoreCommand } from "./commands/bench-store.ts";
import { createCompletionCommand } from "./commands/completion.ts";
import { countCommand } from "./commands/count.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { eraseUserCommand } from "./commands/erase-user.ts";
import { exportUserCommand } from "./commands/export-user.ts";
import { listCommand } from "./commands/list.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { revokeCommand } from "./commands/revoke.ts";
import { revokeWhereCommand } from "./commands/revoke-where.ts";
import { secretCommand } from "./commands/secret.ts";
import { showCommand } from "./commands/show.ts";
import { verifyCommand } from "./commands/verify.ts";

const ASKING: readonly Command[] = [
  listCommand,
  showCommand,
  countCommand,
  exportUserCommand,
  revokeCommand,
  revokeWhereCommand,
  eraseUserCommand,
  doctorCommand,
  verifyCommand,
  auditCommand,
  benchStoreCommand,
  migrateCommand,
  secretCommand,
];

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [...ASKING, createCompletionCommand(ASKING)];
