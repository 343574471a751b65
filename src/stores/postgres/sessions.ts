import { toBeginNote } from "../../audit/rows.ts";
import { SessionError } from "../../errors.ts";
import type {
  CreateOptions,
  CreateResult,
  End,
  ExpiredSession,
  ScanPage,
  ScanResult,
  SessionChange,
  SessionCount,
  SessionPage,
  SessionRecord,
  StoreState,
  UpdateOptions,
} from "../../store.ts";
import type { ParsedCleanup } from "../shared/cleanup.ts";
import type { Deadline } from "../shared/deadline.ts";
import { duplicateError, limitError } from "../shared/errors.ts";
import { Lookups } from "../shared/lookups.ts";
import { encodeUserKey, orderByIds, type SqlValue, toRowValues } from "../shared/rows.ts";
import { type SqlStore, tableError } from "../shared/sql-store.ts";
import { stepThroughIds } from "../shared/steps.ts";
import type { PostgresTrail } from "./audit.ts";
import type { PostgresClient } from "./client.ts";
import { PostgresEnds } from "./ends.ts";
import { PostgresExpiry } from "./expiry.ts";
import { toRecords } from "./rows.ts";
import { PostgresScans } from "./scan.ts";
import { POSTGRES_MIGRATIONS, type PostgresNames, toPostgresMigration } from "./schema.ts";
import { PostgresStatements } from "./statements.ts";
import { toPostgresWarnings } from "./warnings.ts";

/** The number of rows that `deleteCreatedBefore` reads in one transaction. */
const ROWS_PER_STEP = 10_000;

/** The store over either client. Each operation is one statement. */
export class PostgresSessions implements SqlStore {
  readonly audit?: PostgresTrail;
  readonly #client: PostgresClient;
  readonly #names: PostgresNames;
  readonly #statements: PostgresStatements;
  readonly #deadline: Deadline;
  readonly #scans: PostgresScans;
  readonly #expiry: PostgresExpiry;
  readonly #lookups = new Lookups((ids) => this.fetchByIds(ids));

  constructor(
    client: PostgresClient,
    names: PostgresNames,
    deadline: Deadline,
    options: ParsedCleanup,
    push: boolean,
    audit?: PostgresTrail,
  ) {
    this.#client = client;
    this.#names = names;
    if (audit) this.audit = audit;
    this.#statements = new PostgresStatements(names, push, audit !== undefined);
    this.#deadline = deadline;
    this.#scans = new PostgresScans(names, (text, values) => this.#query(text, values, true));
    this.#expiry = new PostgresExpiry(new PostgresEnds(names, audit !== undefined), options, (text, values) =>
      this.#query(text, values),
    );
  }

  async migrate(): Promise<void> {
    // Without the deadline: no request waits for a migration, which may take long or wait for another process.
    await this.#client.runScript(this.migrationSql());
  }

  migrationSql(): string {
    return toPostgresMigration(this.#names) + (this.audit?.migrationSql() ?? "");
  }

  async create(
    record: SessionRecord,
    { now, limit, replaces, tombstones, by }: CreateOptions,
  ): Promise<CreateResult> {
    this.#expiry.cleanup.tell(now);
    this.#expiry.cleanup.start();
    try {
      if (!limit && replaces === undefined) {
        const noted = this.audit ? [now, toBeginNote(record, by)] : [];
        await this.#query(this.#statements.insert, [...toRowValues(record), ...noted]);
        return { evicted: [], replaced: false };
      }
      const bounds = [now, limit?.max ?? null, limit?.onExceed ?? null, replaces ?? null];
      const kept = tombstones ? [now + tombstones.keepFor, tombstones.max] : [null, null];
      const note = this.audit ? [toBeginNote(record, by)] : [];
      const values = [...toRowValues(record), ...bounds, ...kept, ...note];
      const [row] = await this.#query(this.#statements.create, values);
      if (typeof row?.[0] === "string") {
        const ended = row[0].split(",").filter(Boolean);
        const evicted = ended.filter((id) => id !== replaces);
        return { evicted, replaced: evicted.length < ended.length };
      }
    } catch (error) {
      if (readCode(error) !== UNIQUE_VIOLATION) throw error;
      throw duplicateError("postgresStore");
    }
    throw limitError(limit?.max);
  }

  fetchById(id: string): Promise<SessionRecord | undefined> {
    return this.#lookups.fetch(id);
  }

  async fetchByIds(ids: readonly string[]): Promise<ReadonlyArray<SessionRecord | undefined>> {
    const [id] = ids;
    if (id === undefined) return [];
    const rows =
      ids.length === 1
        ? await this.#query(this.#statements.byId, [id])
        : // As one value, because the clients treat arrays differently. Ids contain no comma.
          await this.#query(this.#statements.byIds, [ids.join(",")]);
    return orderByIds(ids, toRecords(rows));
  }

  async fetchByUserKey(
    userKey: string,
    { now, limit, before }: SessionPage,
  ): Promise<readonly SessionRecord[]> {
    this.#expiry.cleanup.tell(now);
    const rows = before
      ? await this.#query(this.#statements.pageAfter, [
          encodeUserKey(userKey),
          now,
          limit,
          before.createdAt,
          before.id,
        ])
      : await this.#query(this.#statements.page, [encodeUserKey(userKey), now, limit]);
    return toRecords(rows);
  }

  async update(
    id: string,
    { activity, data }: SessionChange,
    { now, ifRevision, isTombstone, entry }: UpdateOptions,
  ): Promise<"updated" | "not_found" | "conflict"> {
    this.#expiry.cleanup.tell(now);
    const values = [
      id,
      ifRevision ?? null,
      activity?.lastSeenAt ?? null,
      activity?.expiresAt ?? null,
      data ? JSON.stringify(data) : null,
    ];
    const [found] = isTombstone
      ? await this.#query(this.#statements.updateTombstone, values)
      : await this.#query(this.#statements.update, [...values, now, ...(this.audit ? [entry ?? null] : [])]);
    return found ? (found[0] ? "updated" : "conflict") : "not_found";
  }

  async deleteById(id: string, end: End, owner?: string): Promise<"deleted" | "not_found" | "not_owner"> {
    this.#expiry.cleanup.tell(end.now);
    const { text, values } = this.#statements.end(end);
    const ownerKey = owner === undefined ? null : encodeUserKey(owner);
    const [found] = await this.#query(text, [id, ownerKey, ...values]);
    return found ? (found[0] ? "deleted" : "not_owner") : "not_found";
  }

  async deleteByUserKey(
    userKey: string,
    end: End,
    exceptIds: readonly string[] = [],
  ): Promise<readonly string[]> {
    this.#expiry.cleanup.tell(end.now);
    const { text, values } = this.#statements.endAll(end);
    const ended = await this.#query(text, [encodeUserKey(userKey), exceptIds.join(","), ...values]);
    return ended.map(([id]) => String(id));
  }

  async fetchByLink(link: string, { limit }: { readonly limit: number }): Promise<readonly SessionRecord[]> {
    return toRecords(await this.#query(this.#statements.byLink, [link, limit]));
  }

  deleteCreatedBefore(createdAt: number, end: End): AsyncGenerator<readonly string[], void> {
    this.#expiry.cleanup.tell(end.now);
    const { text, values } = this.#statements.endCreatedBefore(end);
    return stepThroughIds(
      async (after) => {
        const [row] = await this.#query(this.#statements.idAfter, [after, ROWS_PER_STEP - 1]);
        return row && String(row[0]);
      },
      async (after, last) => {
        const ended = await this.#query(text, [after, last, createdAt, ...values]);
        return ended.map(([id]) => String(id));
      },
    );
  }

  async deleteTombstones(userKey: string): Promise<number> {
    const [row] = await this.#query(this.#statements.deleteTombstones, [encodeUserKey(userKey)]);
    return Number(row?.[0]);
  }

  async scan(page: ScanPage): Promise<ScanResult> {
    this.#expiry.cleanup.tell(page.now);
    return this.#scans.scan(page);
  }

  async count(now: number): Promise<SessionCount> {
    this.#expiry.cleanup.tell(now);
    return this.#scans.count(now);
  }

  async inspect(): Promise<StoreState> {
    const [[clock, found, foundTrail, ...settings] = []] = await this.#query(
      this.#statements.inspect,
      [],
      true,
    );
    const warnings = toPostgresWarnings(settings.map(String));
    return {
      clock: Number(clock),
      schema: { found: Number(found), needed: POSTGRES_MIGRATIONS.length },
      ...(this.audit && { auditSchema: { found: Number(foundTrail), needed: this.audit.version } }),
      ...(warnings.length > 0 && { warnings }),
    };
  }

  async deleteExpired(now: number, limit: number): Promise<number> {
    return this.#expiry.deleteExpired(now, limit);
  }

  onExpired(listener: (sessions: readonly ExpiredSession[]) => void): () => void {
    return this.#expiry.cleanup.listen(listener);
  }

  async close(): Promise<void> {
    this.#expiry.cleanup.stop();
  }

  async #query(
    text: string,
    values: readonly SqlValue[],
    rarely = false,
  ): Promise<ReadonlyArray<readonly unknown[]>> {
    try {
      return await this.#deadline.within(this.#client.query(text, values, rarely));
    } catch (error) {
      const code = readCode(error);
      if (code === UNDEFINED_COLUMN) throw tableError("postgresStore", "from an earlier release", error);
      if (MISSING.has(code))
        throw tableError("postgresStore", isLater(error) ? "from an earlier release" : "missing", error);
      if (!UNPREPARED.has(code)) throw error;
      const message =
        "postgresStore: a prepared statement is on another connection. Set prepare: false behind a PgBouncer in transaction mode.";
      throw new SessionError("ERR_STORE", message, { cause: error });
    }
  }
}

// Error codes, from appendix A of the PostgreSQL manual.
const UNIQUE_VIOLATION = "23505";
const UNDEFINED_COLUMN = "42703";
/** undefined_table, undefined_function, invalid_schema_name. */
const MISSING: ReadonlySet<unknown> = new Set(["42P01", "42883", "3F000"]);
/** invalid_sql_statement_name, duplicate_prepared_statement. */
const UNPREPARED: ReadonlySet<unknown> = new Set(["26000", "42P05"]);

function readCode(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

/** Whether the missing object is one that earlier releases did not have. */
function isLater(error: unknown): boolean {
  return /_ends"/.test(String(error));
}
