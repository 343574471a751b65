import { describe, expect, it } from "vitest";
import { HeardEvents } from "../../../test/support/heard-events.ts";
import { decodeHex, toChangedMessage, toEndedMessages, toEvent } from "./push-messages.ts";

function deliver(messages: readonly string[]): HeardEvents {
  const heard = new HeardEvents();
  for (const message of messages) toEvent(message, (userKey) => userKey)?.(heard);
  return heard;
}

describe("toEndedMessages", () => {
  it("splits many ids over messages and keeps their order", () => {
    const ids = Array.from({ length: 250 }, (_, index) => `id${index}`);
    const messages = toEndedMessages("logout", 'a"\n\0ü', ids);
    const { events } = deliver(messages);
    expect(messages).toHaveLength(3);
    expect(events.flatMap((event) => event.ids)).toEqual(ids);
    for (const event of events) expect(event).toMatchObject({ userKey: 'a"\n\0ü', reason: "logout" });
  });

  it("returns no message without ids", () => {
    expect(toEndedMessages("logout", "ann", [])).toEqual([]);
  });
});

describe("toChangedMessage", () => {
  it("becomes the event of a changed session", () => {
    expect(deliver([toChangedMessage("abcd", 7)]).ids).toEqual(["abcd"]);
  });
});

describe("decodeHex", () => {
  it.each(["ann", "\0", "üß€😀", "\ufeff%41"])(
    "returns the text that was written as hexadecimal UTF-8",
    (text) => {
      expect(decodeHex(Buffer.from(text).toString("hex").toUpperCase())).toBe(text);
    },
  );
});
