import { Buffer } from "node:buffer";
import type { SqlValue } from "../shared/rows.ts";

/** A statement or a part of one. There is one value between each two adjacent texts. */
export class Sql {
  readonly texts: readonly string[];
  readonly values: readonly SqlValue[];

  constructor(texts: readonly string[], values: readonly SqlValue[]) {
    this.texts = texts;
    this.values = values;
  }

  /** The statement with placeholders. Text is sent as UTF-8 bytes: the connection's character set does not affect it. */
  get prepared(): { sql: string; values: Array<number | Uint8Array | null> } {
    // The driver would encode a plain `Uint8Array` as text.
    const values = this.values.map((value) =>
      value === null || typeof value === "number" ? value : Buffer.from(value),
    );
    return { sql: this.texts.join("?"), values };
  }

  /**
   * The statement with its values as decimal or hexadecimal literals. These do not depend on `NO_BACKSLASH_ESCAPES`, on the
   * character set or on the app's query format.
   */
  get literal(): string {
    return this.texts.reduce((text, next, index) => text + toLiteral(this.values[index - 1] ?? null) + next);
  }
}

/** Creates a statement or a part of one. A `Sql` in the template becomes part of the text, everything else is a value. */
export function sql(strings: TemplateStringsArray, ...parts: ReadonlyArray<Sql | SqlValue>): Sql {
  return splice(strings, parts);
}

function splice(strings: readonly string[], parts: ReadonlyArray<Sql | SqlValue>): Sql {
  const texts = [strings[0] ?? ""];
  const values: SqlValue[] = [];
  const append = (text: string) => texts.push(`${texts.pop()}${text}`);
  for (const [index, part] of parts.entries()) {
    if (part instanceof Sql) {
      append(part.texts[0] ?? "");
      texts.push(...part.texts.slice(1));
      values.push(...part.values);
    } else {
      texts.push("");
      values.push(part);
    }
    append(strings[index + 1] ?? "");
  }
  return new Sql(texts, values);
}

/** Returns text as SQL, unescaped. Never pass input to it. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

export const EMPTY: Sql = raw("");

/** Joins parts, by default with commas. */
export function joinSql(parts: ReadonlyArray<Sql | SqlValue>, separator = ", "): Sql {
  const strings = parts.map((_, index) => (index ? separator : ""));
  return splice([...strings, ""], parts);
}

function toLiteral(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return String(value);
  return `X'${Buffer.from(value).toString("hex")}'`;
}
