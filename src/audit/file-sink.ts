import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import type { AuditEntry } from "./entry.ts";
import { type FileSinkOptions, parseFileOptions } from "./options.ts";
import { parseEntry } from "./parse-entry.ts";
import type { AuditSink } from "./sink.ts";
import type { UnreadableLine } from "./verify.ts";

/** A sink that appends to a file. */
export interface FileSink extends AuditSink {
  readLast(): Promise<AuditEntry | undefined>;
  /** Opens the file anew with the next write. Not needed after a rename: the sink notices that by itself. */
  reopen(): void;
  close(): Promise<void>;
}

/** The number of bytes at the end of a file that are searched for its last entry. */
const TAIL = 1 << 20;

/**
 * Appends entries to a file, one JSON object per line. Creates the file, readable for its owner and group. It opens a new file
 * when another program has renamed or removed the old one, so a rotation by logrotate needs no signal and no `copytruncate`.
 * Several processes may append to one file.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { auditLog, fileSink } from "sessionup/audit";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const manager = new Manager(memoryStore());
 * const audit = auditLog(manager, { to: [fileSink("/var/log/app/audit.jsonl")] });
 * ```
 */
export function fileSink(path: string, options: FileSinkOptions = {}): FileSink {
  if (typeof path !== "string" || path === "") throw new TypeError("path must be the path of a file.");
  const { sync, format } = parseFileOptions(options);
  let file: FileHandle | undefined;

  async function closeFile(): Promise<void> {
    const opened = file;
    file = undefined;
    await opened?.close();
  }

  /** Opens the file unless it is open and still has its name. */
  async function openFile(): Promise<FileHandle> {
    if (file) {
      const [named, own] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
      if (named?.ino === own.ino && named.dev === own.dev) return file;
      await closeFile();
    }
    file = await open(path, "a", 0o640);
    return file;
  }

  return {
    async write(entries) {
      const opened = await openFile();
      const text = entries.map((entry) => `${JSON.stringify(format(entry))}\n`).join("");
      const begin = (await isTorn(path)) ? "\n" : "";
      // One call: lines of several processes must not mix.
      await opened.appendFile(begin + text);
      if (sync) await opened.datasync();
    },
    readLast: () => readLastEntry(path),
    reopen: () => void closeFile(),
    close: closeFile,
  };
}

/**
 * Reads the entries of a file that `fileSink` has written. A line that is not an entry comes as an object with `unreadable`,
 * which `verifyEntries` reports. Rejects if the file cannot be read.
 *
 * @example
 * ```ts
 * import { readEntries } from "sessionup/audit";
 *
 * for await (const entry of readEntries("/var/log/app/audit.jsonl"))
 *   if (!("unreadable" in entry) && entry.kind === "begun") console.log(entry.subject?.userKey);
 * ```
 */
export async function* readEntries(path: string): AsyncGenerator<AuditEntry | UnreadableLine, void> {
  // Workers have no such module, and no file to read.
  const { createInterface } = await import("node:readline");
  let line = 0;
  for await (const text of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    line++;
    if (text !== "") yield parseEntry(text) ?? { line, unreadable: true };
  }
}

async function readLastEntry(path: string): Promise<AuditEntry | undefined> {
  const text = await readTail(path, TAIL);
  return text
    .split("\n")
    .reverse()
    .map(parseEntry)
    .find((entry) => entry !== undefined);
}

/** Whether the last line is incomplete, because the machine crashed while it was written. */
async function isTorn(path: string): Promise<boolean> {
  return /[^\n]$/.test(await readTail(path, 1));
}

async function readTail(path: string, length: number): Promise<string> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return "";
    throw error;
  }
  try {
    const { size } = await file.stat();
    const wanted = Math.min(length, size);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, size - wanted);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}
