import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { toTrailKeys } from "../../audit/chain.ts";
import type { AuditEntry, AuditHead } from "../../audit/entry.ts";
import { readEntries } from "../../audit/file-sink.ts";
import { parseEntry } from "../../audit/parse-entry.ts";
import { Trail } from "../../audit/trail.ts";
import type { TrailStore } from "../../audit/trail-store.ts";
import { type AuditReport, type UnreadableLine, verifyEntries } from "../../audit/verify.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { Context } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { Interrupted } from "../interrupted.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS, type StoreValues } from "../stores/store-flags.ts";
import { formatCount, formatNumber } from "../wording.ts";
import { readAuditKeys } from "./audit-keys.ts";

/** The entries of one step. */
const STEP = 500;
/** An app with an audit log gives rows their place in the chain within a second or so. */
const LONG_PENDING = 60_000;

/** The conditions of an export. All must hold. */
export interface EntryFilter {
  readonly userKey?: string;
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly before?: number;
}

/** A trail to read: in a store, or in a file. The command line never changes it. */
export interface AuditSource {
  verify(heads: readonly AuditHead[]): Promise<AuditReport>;
  /** Iterates over pages of entries, oldest first. `undefined` stands for a row or a line that is not an entry. */
  read(filter: EntryFilter): AsyncIterable<ReadonlyArray<AuditEntry | undefined>>;
  readHeads(): Promise<readonly AuditHead[]>;
  close(): Promise<void>;
}

/** Opens the trail that the flags or the environment name. Throws an error with the exit code 3 if there is none. */
export async function openAuditSource(
  context: Context,
  values: StoreValues & { readonly file?: string | undefined },
): Promise<AuditSource> {
  const keys = readAuditKeys(context.env);
  if (values.file === undefined) return openTrail(context, values, keys);
  const given = Object.keys(STORE_FLAGS).find((name) => values[name as keyof StoreValues] !== undefined);
  if (given !== undefined) throw usageError(`--${given} has no effect with --file. Name a store or a file.`);
  return openFile(context, values.file, keys);
}

function openFile(context: Context, name: string, keys: readonly string[] | undefined): AuditSource {
  const path = resolve(context.cwd, name);
  if (!existsSync(path))
    throw new CliError(`There is no audit trail: the file ${path} does not exist.`, {
      exitCode: EXIT.notFound,
    });
  const entries = () => watch(context, readEntries(path));
  return {
    verify: (heads) => verifyEntries(entries(), { heads, ...(keys && { keys }) }),
    async *read(filter) {
      let page: Array<AuditEntry | undefined> = [];
      for await (const entry of entries()) {
        if ("unreadable" in entry) page.push(undefined);
        else if (matches(entry, filter)) page.push(entry);
        if (page.length < STEP) continue;
        yield page;
        page = [];
      }
      yield page;
    },
    async readHeads() {
      const heads = new Map<string, AuditHead>();
      for await (const entry of entries()) {
        if ("unreadable" in entry) continue;
        const { chain, seq, hash } = entry;
        if (seq > (heads.get(chain)?.seq ?? 0)) heads.set(chain, { chain, seq, hash });
      }
      return [...heads.values()];
    },
    close: async () => undefined,
  };
}

async function* watch(
  context: Context,
  entries: AsyncIterable<AuditEntry | UnreadableLine>,
): AsyncGenerator<AuditEntry | UnreadableLine, void> {
  let count = 0;
  for await (const entry of entries) {
    if (++count % STEP === 0) showProgress(context, count);
    yield entry;
  }
}

function showProgress({ terminal, signal }: Context, count: number): void {
  if (signal.aborted) throw new Interrupted("The trail was not read to its end.");
  terminal.progress(`${formatNumber(count)} entries read …`);
}

function matches({ at, subject }: AuditEntry, { userKey, from, before }: EntryFilter): boolean {
  return (
    (userKey === undefined || subject?.userKey === userKey) &&
    (from === undefined || at >= from) &&
    (before === undefined || at < before)
  );
}

async function openTrail(
  context: Context,
  values: StoreValues,
  keys: readonly string[] | undefined,
): Promise<AuditSource> {
  const { store, engine, now, close } = await openStore(context, values, { audits: true });
  try {
    if (!store.audit) throw noTrail(engine);
    const rows = toReadOnly(store.audit, context);
    await rows.readState().catch((error: unknown) => {
      throw isMissingTable(error) ? noTrail(engine) : error;
    });
    await notePending(context, store.audit, now());
    const trail = new Trail(rows, toTrailKeys(keys), now);
    return {
      // The last head is the newest one, and a store has one chain.
      verify: (heads) => trail.verify({ ...(heads.length > 0 && { head: heads.at(-1) as AuditHead }) }),
      async *read(filter) {
        for (let after = 0; ; ) {
          const page = await rows.read({ ...filter, after, limit: STEP });
          yield page.map(({ text }) => parseEntry(text));
          const last = page.at(-1);
          if (!last || page.length < STEP) return;
          after = last.seq;
        }
      },
      async readHeads() {
        const head = await trail.head();
        return head.seq > 0 ? [head] : [];
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Returns the trail without its pending rows. Reading a trail gives them their place in the chain, and without the keys of the
 * app, the command line would make entries that no longer verify.
 */
function toReadOnly(trail: TrailStore, context: Context): TrailStore {
  let count = 0;
  const overrides: Partial<TrailStore> = {
    readPending: async () => [],
    async read(page) {
      const rows = await trail.read(page);
      count += rows.length;
      showProgress(context, count);
      return rows;
    },
  };
  return new Proxy(trail, {
    get(target, name: keyof TrailStore) {
      const own = Object.hasOwn(overrides, name) ? overrides[name] : target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

async function notePending({ terminal }: Context, trail: TrailStore, now: number): Promise<void> {
  const pending = await trail.readPending(STEP);
  const old = pending.filter(({ at }) => now - at > LONG_PENDING).length;
  if (old > 0)
    terminal.note(
      `${formatCount(old, "row")}${pending.length === STEP ? " or more" : ""} without a place in the chain: no process of the app runs auditLog. The command line leaves them out.`,
    );
}

function noTrail(engine: string): CliError {
  return new CliError("The store has no audit trail.", {
    exitCode: EXIT.notFound,
    hints: [
      engine === "the app's module"
        ? "Set the store's option audit in the module, such as { audit: postgresAudit() }, and call store.migrate()."
        : "Set the store's option audit in your app, such as { audit: postgresAudit() }, and call store.migrate(). Stores without SQL have no trail: name the file of fileSink with --file.",
    ],
  });
}

/** Whether an error, or one of its causes, is that of a table that does not exist. */
function isMissingTable(error: unknown): boolean {
  for (let at = error, depth = 0; at && depth < 5; at = Object(at).cause, depth++) {
    const { code, errno, message } = Object(at) as Readonly<Record<string, unknown>>;
    if (code === "42P01" || code === "3F000" || errno === 1146) return true;
    if (/no such table/.test(String(message))) return true;
  }
  return false;
}
