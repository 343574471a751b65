/** Returns the statement that adds what a query returns to the table of an audit trail. */
export function toTrailInsert(audit: string, query: string): string {
  return `INSERT INTO ${audit} (at, kind, session_id, user_key, reason, note) ${query}`;
}

/** Returns the same as a part of a statement, which runs whether or not another part reads it. */
export function toTrailPart(audit: string, query: string): string {
  return `noted AS (
  ${toTrailInsert(audit, query)}
)`;
}
