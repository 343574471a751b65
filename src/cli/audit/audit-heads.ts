import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { AuditHead } from "../../audit/entry.ts";
import { usageError } from "../cli-error.ts";

const HEAD = /^([\w-]+):(\d{1,15}):([\w-]*)$/;

/** Formats a head as one word, which `parseHead` reads again. */
export function formatHead({ chain, seq, hash }: AuditHead): string {
  return `${chain}:${seq}:${hash}`;
}

/** Parses a head: one word, or JSON with `chain`, `seq` and `hash`. Returns `undefined` for other text. */
export function parseHead(text: string): AuditHead | undefined {
  const [, word, number, hash = ""] = HEAD.exec(text) ?? [];
  if (word !== undefined) return { chain: word, seq: Number(number), hash };
  try {
    const { chain, seq, hash: named } = Object(JSON.parse(text)) as Partial<AuditHead>;
    const isHead =
      typeof chain === "string" &&
      Number.isSafeInteger(seq) &&
      seq !== undefined &&
      typeof named === "string";
    return isHead ? { chain, seq, hash: named } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the heads that the flag names: one, or those in the lines of a file. Of each chain, only the last line counts,
 * because a head also proves the earlier ones.
 */
export async function readHeads(given: string | undefined, cwd: string): Promise<readonly AuditHead[]> {
  if (given === undefined) return [];
  const head = parseHead(given);
  if (head) return [head];
  const text = await readFile(resolve(cwd, given), "utf8").catch((cause: unknown) => {
    throw usageError(
      "--head must be a head such as chain:12:hash, or a file with heads.",
      `The file cannot be read: ${(cause as Error).message}`,
    );
  });
  const lines = text.split("\n").flatMap((line, index) => (line.trim() ? [{ line, number: index + 1 }] : []));
  if (lines.length === 0) throw usageError("The file of --head is empty.");
  const heads = lines.map(({ line, number }) => {
    const parsed = parseHead(line.trim());
    if (parsed) return parsed;
    throw usageError(`Line ${number} of the file of --head is not a head such as chain:12:hash.`);
  });
  return [...new Map(heads.map((each) => [each.chain, each])).values()];
}
