import { describe, expect, it } from "vitest";
import { EventParser } from "../../test/support/event-source.ts";
import { formatComment, formatEvent, type ServerEvent } from "./server-event.ts";

/** Returns the events that a browser makes of a text. */
function parse(text: string) {
  return new EventParser().push(new TextEncoder().encode(text));
}

describe("formatEvent", () => {
  it("writes the fields that are set, and an empty line", () => {
    expect(formatEvent({ data: "hello" })).toBe("data: hello\n\n");
    expect(formatEvent({ event: "order", data: "{}", id: "7", retry: "5s" })).toBe(
      "event: order\nid: 7\nretry: 5000\ndata: {}\n\n",
    );
  });

  it("an event without text and an empty id arrive as they are", () => {
    expect(parse(formatEvent({ data: "", id: "1" }) + formatEvent({ data: "b", id: "" }))).toEqual([
      { type: "message", data: "", lastEventId: "1" },
      { type: "message", data: "b", lastEventId: "" },
    ]);
  });

  it.each([
    "two\nlines",
    "two\rlines",
    "two\r\nlines",
    "\n",
    "\n\n\nid: 9\n\n",
    "\r\r\ndata: forged\r\n\r\nevent: forged",
    " leading space",
    ": a comment",
    "\u2028\u2029\u0085\v\f",
    "日本語 🎉\n🎉",
    "\0",
  ])("data arrives as one event with its lines: %j", (data) => {
    expect(parse(formatEvent({ data, id: "1" }))).toEqual([
      { type: "message", data: data.replace(/\r\n?/g, "\n"), lastEventId: "1" },
    ]);
  });

  it.each<[given: unknown, error: string]>([
    [{ data: "", event: "a\nb" }, "send.event must be a string without line breaks. "],
    [{ data: "", event: "a\r" }, "send.event must be a string without line breaks. "],
    [{ data: "", id: "1\ndata: x" }, "send.id must be a string of ASCII without line breaks. "],
    [{ data: "", id: "1\r" }, "send.id must be a string of ASCII without line breaks. "],
    [{ data: "", id: "1\0" }, "send.id must be a string of ASCII without line breaks. "],
    [{ data: "", id: "é" }, "send.id must be a string of ASCII without line breaks. "],
    [{ data: { a: 1 } }, "send.data must be a string, such as the result of JSON.stringify. "],
    [{}, "send.data must be a string, such as the result of JSON.stringify. "],
    [{ data: "", retry: 5_000 }, "send.retry must be a duration "],
    [{ data: "", name: "a" }, '"name" is not an option of send. '],
    ["text", "The options of send must be an object. "],
  ])("throws a TypeError for %j", (given, error) => {
    expect(() => formatEvent(given as ServerEvent)).toThrow(
      expect.objectContaining({ name: "TypeError", message: expect.stringContaining(error) }),
    );
  });
});

describe("formatComment", () => {
  it("makes a comment of every line", () => {
    const parser = new EventParser();
    expect(parser.push(new TextEncoder().encode(formatComment("a\rdata: b\n\nc")))).toEqual([]);
    expect(parser.comments).toEqual(["a", "data: b", "", "c"]);
  });

  it("throws a TypeError for anything but text", () => {
    expect(() => formatComment(1 as never)).toThrow("comment must be a string");
  });
});
