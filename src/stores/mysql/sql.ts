import { Buffer } from "node:buffer";

/** What goes into a statement. Text goes in as its bytes in UTF-8: no character set of a connection can touch it. */
export type Value = string | number | Uint8Array | null;

/** A statement or a part of one: its text, and between each two pieces of the text a value. */
export class Sql {
  readonly texts: readonly string[];
  readonly values: readonly Value[];

  constructor(texts: readonly string[], values: readonly Value[]) {
    this.texts = texts;
    this.values = values;
  }

  /** As a statement that is prepared. */
  get prepared(): { sql: string; values: Array<number | Uint8Array | null> } {
    // Not as `Uint8Array`: the driver would take that for text, and encode it.
    const values = this.values.map((value) =>
      value === null || typeof value === "number" ? value : Buffer.from(value),
    );
    return { sql: this.texts.join("?"), values };
  }

  /**
   * As text that holds its values, in digits alone: nothing in it depends on `NO_BACKSLASH_ESCAPES`, on the character
   * set, or on how the app has its driver format queries.
   */
  get literal(): string {
    return this.texts.reduce((text, next, index) => text + literalOf(this.values[index - 1] ?? null) + next);
  }
}

/** A statement, or a part of one: what is `Sql` in it becomes part of the text, all else is a value. */
export function sql(strings: TemplateStringsArray, ...parts: ReadonlyArray<Sql | Value>): Sql {
  return spliced(strings, parts);
}

function spliced(strings: readonly string[], parts: ReadonlyArray<Sql | Value>): Sql {
  const texts = [strings[0] ?? ""];
  const values: Value[] = [];
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

/** Text as it is: names and words, never what came from outside. */
export function raw(text: string): Sql {
  return new Sql([text], []);
}

export const NOTHING: Sql = raw("");

/** Parts with commas between them. */
export function listed(parts: ReadonlyArray<Sql | Value>): Sql {
  const strings = parts.map((_, index) => (index ? ", " : ""));
  return spliced([...strings, ""], parts);
}

function literalOf(value: Value): string {
  if (value === null) return "NULL";
  if (typeof value === "number") return String(value);
  return `X'${Buffer.from(value).toString("hex")}'`;
}
