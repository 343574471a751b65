import { type Duration, parseDuration } from "../duration.ts";
import { invalidOption, matching, type OptionTable, type Parser, parseOptions } from "../options/parsers.ts";

/** One event of a stream. */
export interface ServerEvent {
  /** The text of the event. A line break of any kind arrives as `"\n"`. Serialize other values with `JSON.stringify`. */
  readonly data: string;
  /** The type for which the page listens. No line breaks. Default: `"message"`. */
  readonly event?: string;
  /**
   * The browser sends it as `Last-Event-ID` when it reconnects. ASCII without line breaks, because it arrives in a header. An
   * empty one makes the browser forget the last one.
   */
  readonly id?: string;
  /** How long the browser waits before it reconnects, now and later. Default: the browser's own choice, a few seconds. */
  readonly retry?: Duration;
}

const parseText: Parser<string> = (value, name) => {
  if (typeof value === "string") return value;
  throw invalidOption(name, "a string, such as the result of JSON.stringify", value);
};

// A line break in a field would begin another field, and with it events that the app never sent.
const EVENT = {
  event: { parse: matching(/^[^\r\n]*$/, "a string without line breaks") },
  data: { parse: parseText, required: true },
  id: { parse: matching(/^[ -~]*$/, "a string of ASCII without line breaks") },
  retry: { parse: parseDuration },
} as const satisfies OptionTable;

/** Returns an event in the form of the HTML Standard, section 9.2.6. Throws `TypeError`. */
export function formatEvent(given: ServerEvent): string {
  const { event, data, id, retry } = parseOptions(given, EVENT, "send");
  const fields = { event, id, retry };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  return `${[...lines, ...toLines("data", data)].join("\n")}\n\n`;
}

/** Returns a comment, which browsers ignore. Throws `TypeError`. */
export function formatComment(text: string): string {
  return `${toLines("", parseText(text, "comment")).join("\n")}\n\n`;
}

function toLines(field: string, text: string): readonly string[] {
  return text.split(/\r\n|[\r\n]/).map((line) => `${field}: ${line}`);
}
