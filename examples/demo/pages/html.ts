class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** Markup that is safe to send. Only the tag `html` creates it. */
export type Html = Markup;

/** A value in a template: text, which is escaped, markup, a list of these, or nothing. */
export type Part = Html | string | number | false | undefined | readonly Part[];

/** Renders a part of a page. Escapes each value for text and for quoted attributes. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Markup(String.raw({ raw: pieces }, ...parts.map(escaped)));
}

function escaped(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Markup) return part.toString();
  if (typeof part === "object") return part.map(escaped).join("");
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
