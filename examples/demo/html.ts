class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** Markup that is safe to send. Only the tag `html` makes it. */
export type Html = Markup;

/** What can stand in a template: text, which is escaped, markup, a list of them, or nothing. */
export type Part = Html | string | number | false | undefined | readonly Part[];

/** A piece of a page. Everything put into it is escaped for text and for attributes in quotation marks. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Markup(String.raw({ raw: pieces }, ...parts.map(escaped)));
}

function escaped(part: Part): string {
  if (part === undefined || part === false) return "";
  if (part instanceof Markup) return part.toString();
  if (typeof part === "object") return part.map(escaped).join("");
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
