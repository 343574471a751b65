import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SessionError } from "../errors.ts";
import { type StandardSchema, typed } from "../standard-schema.ts";
import { MetadataCodec } from "./metadata.ts";

async function failure(attempt: Promise<unknown>): Promise<SessionError> {
  const error = await attempt.catch((thrown: unknown) => thrown);
  if (!SessionError.is(error)) throw new Error(`expected a SessionError, not ${String(error)}`);
  expect(error.code).toBe("ERR_META_INVALID");
  return error;
}

const anything = new MetadataCodec(
  typed<{ [key: string]: string }>() as StandardSchema<unknown, unknown>,
  4_096,
);

describe("metadata", () => {
  const schemas = {
    zod: z.object({ name: z.string().trim().min(1), theme: z.enum(["light", "dark"]).default("light") }),
    valibot: v.object({
      name: v.pipe(v.string(), v.trim(), v.minLength(1)),
      theme: v.optional(v.picklist(["light", "dark"]), "light"),
    }),
  };

  describe.each(Object.entries(schemas))("with %s", (_library, schema) => {
    const codec = new MetadataCodec(schema as StandardSchema<unknown, unknown>, 4_096);

    it("stores the schema's output, which parses again", async () => {
      const { json, parsed } = await codec.write({ name: "  desk " });
      expect(json).toEqual({ name: "desk", theme: "light" });
      expect(parsed).toEqual({ ok: true, value: { name: "desk", theme: "light" } });
      expect(await codec.read(json)).toEqual(parsed);
    });

    it("refuses what the schema refuses, with its issues as the cause and no data in the message", async () => {
      const error = await failure(codec.write({ name: "", secret: "hunter2" }));
      expect(error.message).not.toContain("hunter2");
      expect(error.cause).toHaveLength(1);
      await failure(codec.write(undefined));
    });

    it("tells of a record that no longer parses", async () => {
      const read = await codec.read({ name: 5 });
      expect(read.ok).toBe(false);
    });
  });

  it("refuses an output that does not parse again", async () => {
    const once = z.string().transform((text) => text.length);
    const error = await failure(
      new MetadataCodec(once as unknown as StandardSchema<unknown, unknown>, 4_096).write("four"),
    );
    expect(error.message).toContain("does not accept its own output");
  });

  it("waits for an asynchronous schema", async () => {
    const codec = new MetadataCodec(
      z.string().refine(async (text) => text === "yes") as unknown as StandardSchema<unknown, unknown>,
      4_096,
    );
    expect((await codec.write("yes")).json).toBe("yes");
    await failure(codec.write("no"));
    expect((await codec.read("no")).ok).toBe(false);
  });

  it("takes a schema that throws for one that refuses", async () => {
    const throwing: StandardSchema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw new Error("broken");
        },
      },
    };
    expect((await failure(new MetadataCodec(throwing, 4_096).write({}))).cause).toEqual(new Error("broken"));
  });

  it("has none without the option, and says so to who gives some", async () => {
    const none = new MetadataCodec<undefined, undefined>(undefined, 4_096);
    expect(await none.write(undefined)).toEqual({ json: undefined, parsed: { ok: true, value: undefined } });
    expect(await none.read({ left: "over" })).toEqual({ ok: true, value: undefined });
    await expect(none.write({ a: 1 })).rejects.toThrow(/^meta requires the manager's option meta/);
  });

  it("takes __proto__ and the like for keys", async () => {
    const text =
      '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":2,"hasOwnProperty":null}';
    const { json, parsed } = await anything.write(JSON.parse(text));
    expect(JSON.stringify(json)).toBe(text);
    expect(JSON.stringify(parsed.ok && parsed.value)).toBe(text);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ["a Date", { at: new Date(0) }],
    ["a Map", { map: new Map() }],
    ["an instance of a class", { error: new (class Thing {})() }],
    ["a function", { f: () => 1 }],
    ["a toJSON of its own", { toJSON: () => "other" }],
    ["a symbol", { s: Symbol("x") }],
    ["a symbol as key", { [Symbol("x")]: 1 }],
    ["a bigint", { n: 1n }],
    ["NaN", { n: Number.NaN }],
    ["Infinity", { n: Number.POSITIVE_INFINITY }],
    ["undefined in an array", { list: [1, undefined] }],
    ["a hole in an array", { list: new Array(2) }],
    ["a lone surrogate", { text: "\ud800" }],
    ["a lone surrogate as key", { "\udc00": 1 }],
  ])("refuses %s, which JSON would lose", async (_what, value) => {
    await failure(anything.write(value));
  });

  it("refuses circles and depths, and does not overflow", async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    await failure(anything.write(circle));
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    await failure(anything.write(deep));
  });

  it("drops properties that are undefined, as absent ones", async () => {
    expect((await anything.write({ a: 1, b: undefined })).json).toEqual({ a: 1 });
  });

  it("counts the bytes of its JSON", async () => {
    const small = new MetadataCodec(typed<string>() as StandardSchema<unknown, unknown>, 10);
    expect((await small.write("12345678")).json).toBe("12345678");
    expect((await small.write("üüüü")).json).toBe("üüüü");
    const error = await failure(small.write("üüüüü"));
    expect(error.message).toBe("meta is invalid: its 12 bytes of JSON exceed maxMetaBytes (10).");
  });

  it("leaves the app's own object alone, and freezes what it hands out", async () => {
    const own = { list: [1] };
    const { parsed } = await anything.write(own);
    own.list.push(2);
    expect(parsed).toEqual({ ok: true, value: { list: [1] } });
    expect(Object.isFrozen(own)).toBe(false);
    expect(parsed.ok && Object.isFrozen((parsed.value as typeof own).list)).toBe(true);
  });
});
