import { raw, type Sql } from "./sql.ts";

/** Reads the server's clock, in seconds, and the settings for `toMysqlWarnings`. A server lacks some of them. */
export const SETTINGS: Sql =
  raw(`SHOW VARIABLES WHERE Variable_name IN ('timestamp', 'innodb_flush_log_at_trx_commit', 'log_bin',
'sync_binlog', 'binlog_format', 'read_only', 'sql_select_limit')`);

/** The default of `sql_select_limit`. */
const NO_LIMIT = "18446744073709551615";

/** Returns a sentence for each setting that endangers sessions. */
export function toMysqlWarnings(settings: Readonly<Record<string, string>>): readonly string[] {
  const {
    innodb_flush_log_at_trx_commit: flush = "1",
    log_bin: logs,
    sync_binlog: sync = "1",
    binlog_format: format,
    read_only: readOnly,
    sql_select_limit: limit = NO_LIMIT,
  } = settings;
  const warnings: string[] = [];
  if (flush !== "1")
    warnings.push(
      `innodb_flush_log_at_trx_commit is ${flush}: a crash can undo the latest revocations, so revoked sessions are live again. Set it to 1.`,
    );
  if (logs === "ON" && sync !== "1")
    warnings.push(`sync_binlog is ${sync}: after a crash, replicas can have other sessions. Set it to 1.`);
  if (logs === "ON" && format === "STATEMENT")
    warnings.push("binlog_format is STATEMENT: operations that end sessions fail. Set it to ROW or MIXED.");
  if (readOnly === "ON")
    warnings.push(
      "read_only is ON: the server is not the primary, so it accepts no logins and no revocations.",
    );
  if (limit !== NO_LIMIT)
    warnings.push(`sql_select_limit is ${limit}: the store misses sessions. Remove the setting.`);
  return warnings;
}
