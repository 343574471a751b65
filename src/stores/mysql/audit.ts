import type { AuditHead } from "../../audit/entry.ts";
import type {
  PendingRow,
  StoredEntry,
  TrailPage,
  TrailRow,
  TrailState,
  TrailStore,
} from "../../audit/trail-store.ts";
import type { StoreState } from "../../store.ts";
import { encodeUserKey } from "../shared/rows.ts";
import { isClaim } from "../shared/scan.ts";
import {
  ENTRY_COLUMNS,
  LONGEST_TERM,
  PENDING_COLUMNS,
  STATE_COLUMNS,
  toPendingRow,
  toStoredEntry,
  toTrailState,
} from "../shared/trail-rows.ts";
import type { MysqlClient, MysqlLease } from "./client.ts";
import {
  type MYSQL_MIGRATIONS,
  type MysqlNames,
  migrateMysql,
  readVersion,
  toMysqlMigration,
} from "./schema.ts";
import { EMPTY, joinSql, raw, type Sql, sql } from "./sql.ts";
import { inLists } from "./statements.ts";

/** The result of `mysqlAudit`, for the option `audit` of `mysqlStore`. */
export interface MysqlAudit {
  /** Returns the trail of a table. `mysqlStore` calls it. */
  open(client: MysqlClient, names: MysqlNames): MysqlTrail;
}

/**
 * Lets `mysqlStore` write an audit trail: the transaction that begins, changes or ends sessions also writes an entry. The
 * cleanup of expired sessions does so too. `migrate` creates two more tables. Every process that uses the table of sessions needs
 * the option.
 *
 * @example
 * ```ts
 * import { createPool } from "mysql2/promise";
 * import { Manager } from "sessionup";
 * import { auditLog } from "sessionup/audit";
 * import { mysqlAudit, mysqlStore } from "sessionup/stores/mysql";
 *
 * const store = mysqlStore(createPool("mysql://app@localhost/app"), { audit: mysqlAudit() });
 * await store.migrate();
 * const manager = new Manager(store);
 * const audit = auditLog(manager);
 * ```
 */
export function mysqlAudit(): MysqlAudit {
  return { open: (client, names) => new MysqlTrail(client, names) };
}

const PENDING = raw(PENDING_COLUMNS.join(", "));
const ENTRY = raw(ENTRY_COLUMNS.join(", "));
const STATE = raw(STATE_COLUMNS.join(", "));
const INNODB = raw("ENGINE = InnoDB ROW_FORMAT = DYNAMIC");

/** The statements that each version of the tables adds to the previous one. The table of the version has the end of the chain. */
const AUDIT_MIGRATIONS: typeof MYSQL_MIGRATIONS = [
  ({ audit, schema }) => [
    // A row that has no number in the chain yet holds columns. Afterwards its note is the entry.
    sql`CREATE TABLE IF NOT EXISTS ${audit} (
  number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  seq BIGINT,
  at BIGINT NOT NULL,
  kind VARBINARY(64) NOT NULL,
  session_id VARBINARY(128),
  user_key VARBINARY(1024),
  reason VARBINARY(32),
  note LONGBLOB,
  UNIQUE INDEX by_seq (seq),
  INDEX by_user (user_key, seq)
) ${INNODB}`,
    sql`ALTER TABLE ${schema} ADD COLUMN chain VARBINARY(40) NOT NULL DEFAULT '', ADD COLUMN seq BIGINT NOT NULL DEFAULT 0,
ADD COLUMN hash VARBINARY(64) NOT NULL DEFAULT '', ADD COLUMN sent BIGINT NOT NULL DEFAULT 0,
ADD COLUMN owner VARBINARY(64) NOT NULL DEFAULT '', ADD COLUMN claimed_until BIGINT NOT NULL DEFAULT 0`,
    sql`UPDATE ${schema} SET chain = LEFT(SHA2(CONCAT(UUID(), RAND()), 256), 32) WHERE id = 1 AND chain = ''`,
  ],
];

/** The trail in two tables: the entries, and one row with the end of the chain. */
export class MysqlTrail implements TrailStore {
  readonly #client: MysqlClient;
  readonly #names: MysqlNames;
  readonly #table: Sql;
  readonly #head: Sql;

  constructor(client: MysqlClient, names: MysqlNames) {
    this.#client = client;
    this.#names = { ...names, schema: names.trail };
    this.#table = names.audit;
    this.#head = names.trail;
  }

  migrate(): Promise<void> {
    return migrateMysql(this.#client, this.#names, AUDIT_MIGRATIONS);
  }

  /** Returns the version of the tables, and the one that this release needs. */
  async inspect(lease: MysqlLease): Promise<NonNullable<StoreState["auditSchema"]>> {
    const found = Math.max(0, await readVersion(lease, this.#names));
    return { found, needed: AUDIT_MIGRATIONS.length };
  }

  migrationSql(): string {
    return toMysqlMigration(this.#names, AUDIT_MIGRATIONS);
  }

  /** Adds rows in the transaction of an operation. Claims are no sessions. */
  async note(lease: MysqlLease, rows: readonly TrailRow[]): Promise<void> {
    const sessions = rows.filter(({ userKey }) => userKey === undefined || !isClaim(userKey));
    for (const some of inLists(sessions)) await lease.run(this.#toInsert(some));
  }

  /** Adds a change of a session, whose row the transaction has locked. */
  async noteChange(lease: MysqlLease, id: string, at: number, kind: string): Promise<void> {
    await lease.run(sql`INSERT INTO ${this.#table} (at, kind, session_id, user_key)
SELECT ${at}, ${kind}, id, user_key FROM ${this.#names.table} WHERE id = ${id}`);
  }

  async add(rows: readonly TrailRow[]): Promise<void> {
    if (rows.length > 0) await this.#client.operation((lease) => lease.run(this.#toInsert(rows)));
  }

  async readState(): Promise<TrailState> {
    const [row] = await this.#read(sql`SELECT ${STATE} FROM ${this.#head} WHERE id = 1`);
    return toTrailState(row);
  }

  claim(owner: string, now: number, until: number): Promise<boolean> {
    return this.#client.operation(async (lease) => {
      await lease.run(sql`UPDATE ${this.#head} SET owner = ${owner}, claimed_until = ${until}
WHERE id = 1 AND (owner = ${owner} OR claimed_until <= ${now} OR claimed_until > ${now + LONGEST_TERM})`);
      // The number of affected rows depends on a flag of the app's pool.
      const [row] = await lease.rows(sql`SELECT owner FROM ${this.#head} WHERE id = 1`);
      return String(row?.[0]) === owner;
    });
  }

  async readPending(limit: number): Promise<readonly PendingRow[]> {
    const rows = await this.#read(
      sql`SELECT ${PENDING} FROM ${this.#table} WHERE seq IS NULL ORDER BY number LIMIT ${limit}`,
    );
    return rows.map(toPendingRow);
  }

  seal(
    from: AuditHead,
    numbers: readonly number[],
    entries: readonly StoredEntry[],
    to: AuditHead,
  ): Promise<boolean> {
    const rows = entries.map(
      ({ seq, at, text }, index) => sql`(${numbers[index] ?? null}, ${seq}, ${at}, '', ${text})`,
    );
    return this.#client.operation((lease) =>
      lease.transaction(async () => {
        const { affected } = await lease.run(sql`UPDATE ${this.#head} SET seq = ${to.seq}, hash = ${to.hash}
WHERE id = 1 AND chain = ${from.chain} AND seq = ${from.seq} AND hash = ${from.hash}`);
        if (affected === 0) return false;
        await lease.run(sql`INSERT INTO ${this.#table} (number, seq, at, kind, note) VALUES ${joinSql(rows)}
ON DUPLICATE KEY UPDATE seq = VALUES(seq), at = VALUES(at), kind = 'sealed', session_id = NULL, reason = NULL,
  note = VALUES(note)`);
        return true;
      }),
    );
  }

  async read({ userKey, from, before, after = 0, limit }: TrailPage): Promise<readonly StoredEntry[]> {
    const own = userKey === undefined ? EMPTY : sql` AND user_key = ${encodeUserKey(userKey)}`;
    const since = from === undefined ? EMPTY : sql` AND at >= ${from}`;
    const until = before === undefined ? EMPTY : sql` AND at < ${before}`;
    const rows = await this.#read(sql`SELECT ${ENTRY} FROM ${this.#table}
WHERE seq > ${after}${own}${since}${until} ORDER BY seq LIMIT ${limit}`);
    return rows.map(toStoredEntry);
  }

  async replace(entries: readonly StoredEntry[], row: TrailRow): Promise<void> {
    const rows = entries.map(({ seq, at, text }) => sql`(${seq}, ${at}, '', ${text})`);
    await this.#client.operation((lease) =>
      lease.transaction(async () => {
        await lease.run(sql`INSERT INTO ${this.#table} (seq, at, kind, note) VALUES ${joinSql(rows)}
ON DUPLICATE KEY UPDATE user_key = NULL, note = VALUES(note)`);
        await lease.run(this.#toInsert([row]));
      }),
    );
  }

  async findFirst(at: number): Promise<number | undefined> {
    const [row] = await this.#read(
      sql`SELECT seq FROM ${this.#table} WHERE seq IS NOT NULL AND at >= ${at} ORDER BY seq LIMIT 1`,
    );
    return row && Number(row[0]);
  }

  deleteUpTo(seq: number, row: TrailRow): Promise<number> {
    return this.#client.operation((lease) =>
      lease.transaction(async () => {
        const { affected } = await lease.run(sql`DELETE FROM ${this.#table} WHERE seq <= ${seq}`);
        await lease.run(this.#toInsert([row]));
        return affected;
      }),
    );
  }

  async markSent(seq: number): Promise<void> {
    await this.#client.operation((lease) =>
      lease.run(sql`UPDATE ${this.#head} SET sent = GREATEST(sent, ${seq}) WHERE id = 1`),
    );
  }

  #read(statement: Sql): Promise<ReadonlyArray<readonly unknown[]>> {
    return this.#client.operation((lease) => lease.rows(statement));
  }

  #toInsert(rows: readonly TrailRow[]): Sql {
    const values = rows.map(({ at, kind, id, userKey, reason, note }) => {
      const key = userKey === undefined ? null : encodeUserKey(userKey);
      return sql`(${joinSql([at, kind, id ?? null, key, reason ?? null, note ?? null])})`;
    });
    return sql`INSERT INTO ${this.#table} (at, kind, session_id, user_key, reason, note) VALUES ${joinSql(values)}`;
  }
}
