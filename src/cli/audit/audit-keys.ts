import { Buffer } from "node:buffer";
import { usageError } from "../cli-error.ts";
import type { Context } from "../command.ts";

/** The variable with the keys of the trail. There is no flag: other users of the machine can read arguments. */
export const KEYS_VARIABLE = "SESSIONUP_AUDIT_KEYS";
const MIN_BYTES = 32;

/** Returns the keys of the variable, which commas separate. `undefined` for a trail without keys. */
export function readAuditKeys(env: Context["env"]): readonly string[] | undefined {
  const text = env[KEYS_VARIABLE];
  if (!text) return undefined;
  const keys = text.split(",").map((key) => key.trim());
  if (keys.every((key) => Buffer.byteLength(key) >= MIN_BYTES)) return keys;
  // The message must not repeat a key.
  throw usageError(
    `${KEYS_VARIABLE} must have keys of at least ${MIN_BYTES} bytes, with commas between them.`,
    "Pass the keys of the option keys of auditLog, the current one first.",
  );
}
