/**
 * Returns a sentence for each setting that endangers sessions. The values are those of `fsync`, `synchronous_commit` and
 * `transaction_isolation`, and whether the server is in recovery, as text.
 */
export function toPostgresWarnings([
  fsync,
  commit,
  isolation,
  recovers,
]: readonly string[]): readonly string[] {
  const warnings: string[] = [];
  if (fsync === "off") warnings.push("fsync is off: a crash of the machine can damage the database.");
  if (commit === "off")
    warnings.push(
      "synchronous_commit is off: a crash of the server can undo the latest revocations, so revoked sessions are live again.",
    );
  if (isolation !== "read committed")
    warnings.push(
      `The isolation level of the store's connections is "${isolation}": logins within a limit fail. Set it to "read committed".`,
    );
  if (recovers === "true")
    warnings.push("The server is a standby: revoked sessions stay live until it has applied the revocation.");
  return warnings;
}
