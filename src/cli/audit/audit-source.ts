import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { toTrailKeys } from "../../audit/chain.ts";
import type { AuditEntry, AuditHead } from "../../audit/entry.ts";
import { readEntries } from "../../audit/file-sink.ts";
import { parseEntry } from "../../audit/parse-entry.ts";
import { type AuditReport, type UnreadableLine, verifyEntries } from "../../audit/verify.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { Context } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { openStore } from "../stores/open-store.ts";
import { STORE_FLAGS, type StoreValues } from "../stores/store-flags.ts";
import { readAuditKeys } from "./audit-keys.ts";
import { describePending, openUnsealed, showReading } from "./unsealed.ts";

/** The entries of one step. */
const STEP = 500;

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
    if (++count % STEP === 0) showReading(context, count);
    yield entry;
  }
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
  const { findTrail, engine, now, close } = await openStore(context, values);
  try {
    const found = await findTrail();
    if (!found) throw noTrail(engine);
    const pending = await describePending(found, now());
    if (pending !== undefined) context.terminal.note(`${pending} The command line leaves them out.`);
    const trail = openUnsealed(context, found, now, toTrailKeys(keys));
    return {
      // The last head is the newest one, and a store has one chain.
      verify: (heads) => trail.verify({ ...(heads.length > 0 && { head: heads.at(-1) as AuditHead }) }),
      async *read(filter) {
        for (let after = 0; ; ) {
          const page = await trail.store.read({ ...filter, after, limit: STEP });
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
