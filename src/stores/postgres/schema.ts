/** The names of all that is made in the database, quoted. */
export interface Names {
  readonly schema: string | undefined;
  readonly table: string;
  readonly create: string;
  readonly trim: string;
  readonly byUser: string;
  readonly tombstones: string;
  readonly byDeadline: string;
  readonly byLink: string;
  /** The table's name as a text in SQL. */
  readonly literal: string;
}

/** The lock of whoever makes tables in a database. */
const MIGRATION = 7_355_608;
/** The locks of operations that remove tombstones; the second value says of which users. */
const TRIM = 7_355_610;
/** PostgreSQL cuts names at 63 bytes; the longest of ours has 12 more than the table. */
const MOST_BYTES = 51;

/** Throws `TypeError` for what can be no name, naming the option. */
export function namesOf(schema: unknown, table: unknown): Names {
  if (schema !== undefined) checkName("schema", schema);
  checkName("table", table);
  const inSchema = (name: string) => (schema === undefined ? "" : `${quoted(schema)}.`) + quoted(name);
  const own = inSchema(table);
  return {
    schema: schema === undefined ? undefined : quoted(schema),
    table: own,
    create: inSchema(`${table}_create`),
    trim: inSchema(`${table}_trim`),
    byUser: quoted(`${table}_by_user`),
    tombstones: quoted(`${table}_tombstones`),
    byDeadline: quoted(`${table}_by_deadline`),
    byLink: quoted(`${table}_by_link`),
    literal: textOf(own),
  };
}

function checkName(option: string, name: unknown): asserts name is string {
  // A dollar could end the text in which functions are written.
  const fits = typeof name === "string" && name !== "" && name.isWellFormed() && !/[\0$]/.test(name);
  if (!fits || new TextEncoder().encode(name).length > MOST_BYTES) {
    throw new TypeError(`${option}: needs a name of 1 to ${MOST_BYTES} bytes, without "$"`);
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function textOf(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}

/** What each version adds to the one before. What is published never changes; what is to be changed is one more. */
export const VERSIONS: ReadonlyArray<(names: Names) => string> = [
  ({ table, byUser, byDeadline, tombstones }) => `
  -- Room on each page for the next version of a row: activity moves no index entry.
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
  -- Logins and lists never read tombstones, and without tombstones the second index is empty.
  CREATE INDEX ${byUser} ON ${table} (user_key, created_at, id) WHERE ended_at IS NULL;
  CREATE INDEX ${tombstones} ON ${table} (user_key, ended_at) WHERE ended_at IS NOT NULL;
  CREATE INDEX ${byDeadline} ON ${table} (deadline);`,
  ({ table, create, trim, byLink, literal }) => `
  ALTER TABLE ${table} ADD COLUMN link text COLLATE "C";
  -- Most sessions have none.
  CREATE INDEX ${byLink} ON ${table} (link) WHERE link IS NOT NULL AND ended_at IS NULL;

  -- Removes the tombstones of these users beyond the latest ones. The locks come before the statement that counts, which
  -- sees what was committed until it begins: so two ends of one user never count the same tombstones. The locks are few,
  -- because the server has room for a limited number of them, and are taken in order. Whoever has them waits for no row:
  -- an operation that has locked a tombstone may be waiting for them.
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

  -- A login within a limit. The lock comes before the statements that count, each of which sees what was committed
  -- until it begins: so two logins of one user never count the same sessions. Answers with the ids that were evicted,
  -- joined by commas; with null where the login is refused.
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
      RAISE EXCEPTION 'sessionup needs the isolation level "read committed" on its connections';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended(encode(new_user_key, 'hex'), ${literal}::regclass::oid::bigint));
    IF most IS NOT NULL THEN
      -- In the index's order nothing is sorted.
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
      IF on_exceed = 'refuse' AND leaving <> '{}' THEN
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
];

/**
 * Makes the table, or brings it up to date, in one transaction; whoever comes at the same time waits for the first. The
 * version is in the table's comment.
 */
export function migrationSql(names: Names, versions: typeof VERSIONS = VERSIONS): string {
  const { schema, table, literal } = names;
  // Asked for first: who may not make schemas may still call this, and nobody is told that it is there already.
  const schemaStep =
    schema === undefined
      ? ""
      : `IF to_regnamespace(${textOf(schema)}) IS NULL THEN
  CREATE SCHEMA ${schema};
END IF;
`;
  const steps = versions.map(
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
  substring(obj_description(to_regclass(${literal}), 'pg_class') FROM '^sessionup ([0-9]+)$')::integer, -1) END;
IF version = -1 THEN
  RAISE EXCEPTION 'there is a table of that name which is not sessionup''s; choose another with the option "table"';
END IF;
IF version > ${versions.length} THEN
  RAISE EXCEPTION 'the table is of version %, this release of sessionup knows ${versions.length}; upgrade sessionup', version;
END IF;
${steps.join("\n")}
END
$migration$;
`;
}
