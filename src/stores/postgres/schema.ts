import { invalidOption } from "../../options/parsers.ts";

/** The quoted names of everything that the migration creates in the database. */
export interface PostgresNames {
  readonly schema: string | undefined;
  readonly table: string;
  readonly create: string;
  readonly begin: string;
  readonly trim: string;
  readonly byUser: string;
  readonly tombstones: string;
  readonly byDeadline: string;
  readonly byLink: string;
  readonly byCreation: string;
  /** The table of sessions that the cleanup has taken and not yet reported. */
  readonly ends: string;
  readonly byClaim: string;
  /** The tables of the option `audit`: entries, and the end of their chain. */
  readonly audit: string;
  readonly auditHead: string;
  readonly auditBySeq: string;
  readonly auditNew: string;
  readonly auditByUser: string;
  /** The table's name as a string literal in SQL. */
  readonly literal: string;
}

/** The advisory lock of a migration. */
const MIGRATION = 7_355_608;
/** The advisory locks of operations that remove tombstones. The second key of a lock stands for a set of users. */
const TRIM = 7_355_610;
/** PostgreSQL truncates names to 63 bytes. The longest suffix, `_by_deadline`, has 12. */
const MAX_BYTES = 51;

/** Returns the quoted names. */
export function toPostgresNames(schema: string | undefined, table: string): PostgresNames {
  const inSchema = (name: string) => (schema === undefined ? "" : `${quote(schema)}.`) + quote(name);
  const qualified = inSchema(table);
  return {
    schema: schema === undefined ? undefined : quote(schema),
    table: qualified,
    create: inSchema(`${table}_create`),
    begin: inSchema(`${table}_begin`),
    trim: inSchema(`${table}_trim`),
    byUser: quote(`${table}_by_user`),
    tombstones: quote(`${table}_tombstones`),
    byDeadline: quote(`${table}_by_deadline`),
    byLink: quote(`${table}_by_link`),
    byCreation: quote(`${table}_by_creation`),
    ends: inSchema(`${table}_ends`),
    byClaim: quote(`${table}_by_claim`),
    audit: inSchema(`${table}_audit`),
    auditHead: inSchema(`${table}_audit_head`),
    auditBySeq: quote(`${table}_audit_seq`),
    auditNew: quote(`${table}_audit_new`),
    auditByUser: quote(`${table}_audit_user`),
    literal: toLiteral(qualified),
  };
}

/** Parses the name of a schema or a table. Throws `TypeError`. */
export function parseName(name: unknown, option: string): string {
  // A dollar sign could end the dollar-quoted body of a function.
  const fits = typeof name === "string" && name !== "" && name.isWellFormed() && !/[\0$]/.test(name);
  if (!fits || new TextEncoder().encode(name).length > MAX_BYTES) {
    throw invalidOption(option, `a name of 1 to ${MAX_BYTES} bytes without "$"`, name);
  }
  return name;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns the version in a table's comment as an expression in SQL: text, or null if there is no such table or comment. */
export function toVersion(literal: string): string {
  return `substring(obj_description(to_regclass(${literal}), 'pg_class') FROM '^sessionup ([0-9]+)$')`;
}

/** Returns text as a literal in SQL. */
export function toLiteral(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}

/**
 * The SQL that each version adds to the previous one. A published version never changes: a change of the schema is a new
 * version.
 */
export const POSTGRES_MIGRATIONS: ReadonlyArray<(names: PostgresNames) => string> = [
  ({ table, byUser, byDeadline, tombstones }) => `
  -- Free space on each page for the next version of a row: an activity write changes no index.
  CREATE TABLE ${table} (
    id text COLLATE "C" PRIMARY KEY,
    user_key bytea NOT NULL,
    revision integer NOT NULL,
    created_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    deadline bigint NOT NULL,
    ended_at bigint,
    ended_reason text,
    data text NOT NULL
  ) WITH (fillfactor = 85);
  -- Logins and lists never read tombstones. Without tombstones the second index is empty.
  CREATE INDEX ${byUser} ON ${table} (user_key, created_at, id) WHERE ended_at IS NULL;
  CREATE INDEX ${tombstones} ON ${table} (user_key, ended_at) WHERE ended_at IS NOT NULL;
  CREATE INDEX ${byDeadline} ON ${table} (deadline);`,
  ({ table, create, trim, byLink, literal }) => `
  ALTER TABLE ${table} ADD COLUMN link text COLLATE "C";
  -- Most sessions have no link.
  CREATE INDEX ${byLink} ON ${table} (link) WHERE link IS NOT NULL AND ended_at IS NULL;

  -- Removes each user's tombstones beyond the latest ones. The locks precede the snapshot of the statement that counts, so
  -- two operations on one user never count the same tombstones. The locks are few, because the server limits their number,
  -- and they are taken in order. Their holder skips locked rows: an operation that has locked a tombstone may be waiting
  -- for these locks.
  CREATE OR REPLACE FUNCTION ${trim}(user_keys bytea[], most integer) RETURNS void LANGUAGE plpgsql STRICT AS $function$
  BEGIN
    PERFORM pg_advisory_xact_lock(${TRIM}, slot) FROM (
      SELECT DISTINCT hashtext(encode(user_key, 'hex')) & 1023 AS slot FROM unnest(user_keys) AS user_key ORDER BY slot
    ) AS slots;
    DELETE FROM ${table} WHERE id = ANY (ARRAY(
      SELECT id FROM ${table} WHERE id = ANY (ARRAY(
        SELECT beyond.id FROM unnest(user_keys) AS of_user CROSS JOIN LATERAL (
          SELECT id FROM ${table} WHERE user_key = of_user AND ended_at IS NOT NULL ORDER BY ended_at DESC OFFSET most
        ) AS beyond
      )) FOR UPDATE SKIP LOCKED
    ));
  END
  $function$;

  -- Creates a session within a limit. The lock precedes the snapshots of the statements that count, so two logins of
  -- one user never count the same sessions. Returns the evicted ids, joined by commas, or null if the limit rejects the
  -- login.
  CREATE OR REPLACE FUNCTION ${create}(
    new_id text, new_user_key bytea, new_revision integer, new_created_at bigint, new_last_seen_at bigint,
    new_expires_at bigint, new_deadline bigint, new_ended_at bigint, new_ended_reason text, new_data text, new_link text,
    at bigint, most integer, on_exceed text, replaced text, keep_until bigint, most_tombstones integer
  ) RETURNS text LANGUAGE plpgsql AS $function$
  #variable_conflict use_column
  DECLARE
    leaving text[] := '{}';
    evicted text;
  BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
      RAISE EXCEPTION 'the isolation level of sessionup''s connections must be "read committed"';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(new_user_key, 'hex'), ${literal}::regclass::oid::bigint));
    IF most IS NOT NULL THEN
      -- The second order is that of the index, so nothing is sorted.
      IF on_exceed = 'evict-idlest' THEN
        leaving := ARRAY(
          SELECT id FROM ${table}
          WHERE user_key = new_user_key AND ended_at IS NULL AND expires_at > at AND id IS DISTINCT FROM replaced
          ORDER BY last_seen_at DESC, created_at DESC, id DESC OFFSET most - 1
        );
      ELSE
        leaving := ARRAY(
          SELECT id FROM ${table}
          WHERE user_key = new_user_key AND ended_at IS NULL AND expires_at > at AND id IS DISTINCT FROM replaced
          ORDER BY created_at DESC, id DESC OFFSET most - 1
        );
      END IF;
      IF on_exceed = 'reject' AND leaving <> '{}' THEN
        IF EXISTS (SELECT FROM ${table} WHERE id = new_id) THEN
          RAISE unique_violation;
        END IF;
        RETURN NULL;
      END IF;
    END IF;
    INSERT INTO ${table} VALUES (
      new_id, new_user_key, new_revision, new_created_at, new_last_seen_at,
      new_expires_at, new_deadline, new_ended_at, new_ended_reason, new_data, new_link
    );
    WITH locked AS MATERIALIZED (
      SELECT id FROM ${table}
      WHERE id = ANY (leaving || replaced) AND user_key = new_user_key AND ended_at IS NULL
      ORDER BY id FOR UPDATE
    ), gone AS (
      DELETE FROM ${table} AS t USING locked WHERE keep_until IS NULL AND t.id = locked.id
    ), kept AS (
      UPDATE ${table} AS t SET revision = revision + 1, expires_at = keep_until, deadline = keep_until,
        ended_at = at, ended_reason = CASE WHEN t.id = replaced THEN 'logout' ELSE 'evicted' END
      FROM locked WHERE keep_until IS NOT NULL AND t.id = locked.id RETURNING t.user_key
    ), trimmed AS MATERIALIZED (
      SELECT ${trim}(array_agg(DISTINCT user_key), most_tombstones) FROM kept
    )
    SELECT string_agg(id, ',') FILTER (WHERE id IS DISTINCT FROM replaced) INTO evicted FROM locked, trimmed;
    RETURN coalesce(evicted, '');
  END
  $function$;`,
  ({ table, begin, trim, byCreation, ends, byClaim, literal }) => `
  -- For scans of all sessions. The app may have created it before, without blocking logins.
  CREATE INDEX IF NOT EXISTS ${byCreation} ON ${table} (created_at, id);

  -- Expired sessions between their removal and their report. It is almost always empty.
  CREATE TABLE IF NOT EXISTS ${ends} (
    id text COLLATE "C",
    user_key bytea NOT NULL,
    expires_at bigint NOT NULL,
    deadline bigint,
    claimed_until bigint NOT NULL,
    PRIMARY KEY (id, deadline)
  );
  -- Rows that were reported stay in the table until a vacuum. By the index they are not read again.
  CREATE INDEX IF NOT EXISTS ${byClaim} ON ${ends} (claimed_until);

  -- Creates a session within a limit, as the function of version 2 does, which processes of the previous release still call.
  -- Returns the ids of all sessions that ended in this step, the replaced one included.
  CREATE OR REPLACE FUNCTION ${begin}(
    new_id text, new_user_key bytea, new_revision integer, new_created_at bigint, new_last_seen_at bigint,
    new_expires_at bigint, new_deadline bigint, new_ended_at bigint, new_ended_reason text, new_data text, new_link text,
    at bigint, most integer, on_exceed text, replaced text, keep_until bigint, most_tombstones integer
  ) RETURNS text LANGUAGE plpgsql AS $function$
  #variable_conflict use_column
  DECLARE
    leaving text[] := '{}';
    ended text;
  BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
      RAISE EXCEPTION 'the isolation level of sessionup''s connections must be "read committed"';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(new_user_key, 'hex'), ${literal}::regclass::oid::bigint));
    IF most IS NOT NULL THEN
      -- The second order is that of the index, so nothing is sorted.
      IF on_exceed = 'evict-idlest' THEN
        leaving := ARRAY(
          SELECT id FROM ${table}
          WHERE user_key = new_user_key AND ended_at IS NULL AND expires_at > at AND id IS DISTINCT FROM replaced
          ORDER BY last_seen_at DESC, created_at DESC, id DESC OFFSET most - 1
        );
      ELSE
        leaving := ARRAY(
          SELECT id FROM ${table}
          WHERE user_key = new_user_key AND ended_at IS NULL AND expires_at > at AND id IS DISTINCT FROM replaced
          ORDER BY created_at DESC, id DESC OFFSET most - 1
        );
      END IF;
      IF on_exceed = 'reject' AND leaving <> '{}' THEN
        IF EXISTS (SELECT FROM ${table} WHERE id = new_id) THEN
          RAISE unique_violation;
        END IF;
        RETURN NULL;
      END IF;
    END IF;
    INSERT INTO ${table} VALUES (
      new_id, new_user_key, new_revision, new_created_at, new_last_seen_at,
      new_expires_at, new_deadline, new_ended_at, new_ended_reason, new_data, new_link
    );
    WITH locked AS MATERIALIZED (
      SELECT id FROM ${table}
      WHERE id = ANY (leaving || replaced) AND user_key = new_user_key AND ended_at IS NULL
      ORDER BY id FOR UPDATE
    ), gone AS (
      DELETE FROM ${table} AS t USING locked WHERE keep_until IS NULL AND t.id = locked.id
    ), kept AS (
      UPDATE ${table} AS t SET revision = revision + 1, expires_at = keep_until, deadline = keep_until,
        ended_at = at, ended_reason = CASE WHEN t.id = replaced THEN 'logout' ELSE 'evicted' END
      FROM locked WHERE keep_until IS NOT NULL AND t.id = locked.id RETURNING t.user_key
    ), trimmed AS MATERIALIZED (
      SELECT ${trim}(array_agg(DISTINCT user_key), most_tombstones) FROM kept
    )
    SELECT string_agg(id, ',') INTO ended FROM locked, trimmed;
    RETURN coalesce(ended, '');
  END
  $function$;`,
];

/**
 * Returns the SQL that creates the table or upgrades it, in one transaction. Concurrent migrations wait for the first one.
 * The version is in the table's comment.
 */
export function toPostgresMigration(
  names: PostgresNames,
  migrations: typeof POSTGRES_MIGRATIONS = POSTGRES_MIGRATIONS,
): string {
  const { schema, table, literal } = names;
  // `IF NOT EXISTS` would need the right to create schemas, and print a notice if the schema exists.
  const schemaStep =
    schema === undefined
      ? ""
      : `IF to_regnamespace(${toLiteral(schema)}) IS NULL THEN
  CREATE SCHEMA ${schema};
END IF;
`;
  const steps = migrations.map(
    (step, version) =>
      `IF version < ${version + 1} THEN
${step(names)}
  COMMENT ON TABLE ${table} IS 'sessionup ${version + 1}';
END IF;`,
  );
  return `DO $migration$
DECLARE
  version integer;
BEGIN
PERFORM pg_advisory_xact_lock(${MIGRATION});
${schemaStep}version := CASE WHEN to_regclass(${literal}) IS NULL THEN 0 ELSE coalesce(
  ${toVersion(literal)}::integer, -1) END;
IF version = -1 THEN
  RAISE EXCEPTION 'the table exists but does not belong to sessionup; set the option "table" to another name';
END IF;
IF version > ${migrations.length} THEN
  RAISE EXCEPTION 'the table has version %, this release supports ${migrations.length}; upgrade sessionup', version;
END IF;
${steps.join("\n")}
END
$migration$;
`;
}
