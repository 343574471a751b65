import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { SessionError } from "../errors.ts";
import { Manager } from "../manager.ts";
import { type StandardSchema, typed } from "../standard-schema.ts";
import { MetadataCodec } from "./metadata.ts";

async function expectInvalid(attempt: Promise<unknown>): Promise<SessionError> {
  const error = await attempt.catch((thrown: unknown) => thrown);
  if (!SessionError.is(error)) throw new Error(`expected a SessionError, not ${String(error)}`);
  expect(error.code).toBe("ERR_META_INVALID");
  return error;
}

const anything = new MetadataCodec(
  typed<{ [key: string]: string }>() as StandardSchema<unknown, unknown>,
  4_096,
);

describe("MetadataCodec", () => {
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

    it("rejects invalid metadata with the issues as the cause and no data in the message", async () => {
      const error = await expectInvalid(codec.write({ name: "", secret: "hunter2" }));
      expect(error.message).not.toContain("hunter2");
      expect(error.cause).toHaveLength(1);
      await expectInvalid(codec.write(undefined));
    });

    it("reads stored metadata that no longer parses as an error", async () => {
      const read = await codec.read({ name: 5 });
      expect(read.ok).toBe(false);
    });
  });

  it("rejects an output that the schema does not accept again", async () => {
    const once = z.string().transform((text) => text.length);
    const error = await expectInvalid(
      new MetadataCodec(once as unknown as StandardSchema<unknown, unknown>, 4_096).write("four"),
    );
    expect(error.message).toContain("does not accept its own output");
  });

  it("supports asynchronous schemas", async () => {
    const codec = new MetadataCodec(
      z.string().refine(async (text) => text === "yes") as unknown as StandardSchema<unknown, unknown>,
      4_096,
    );
    expect((await codec.write("yes")).json).toBe("yes");
    await expectInvalid(codec.write("no"));
    expect((await codec.read("no")).ok).toBe(false);
  });

  it("rejects metadata when the schema throws", async () => {
    const throwing: StandardSchema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => {
          throw new Error("broken");
        },
      },
    };
    expect((await expectInvalid(new MetadataCodec(throwing, 4_096).write({}))).cause).toEqual(
      new Error("broken"),
    );
  });

  it("without a schema, has no metadata and rejects any", async () => {
    const none = new MetadataCodec<undefined, undefined>(undefined, 4_096);
    expect(await none.write(undefined)).toEqual({ json: undefined, parsed: { ok: true, value: undefined } });
    expect(await none.read({ left: "over" })).toEqual({ ok: true, value: undefined });
    await expect(none.write({ a: 1 })).rejects.toThrow(/^meta requires the manager's option meta/);
  });

  it("treats __proto__ and constructor as ordinary keys", async () => {
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
  ])("rejects %s, which JSON would lose", async (_what, value) => {
    await expectInvalid(anything.write(value));
  });

  it("rejects circular and deep values without a stack overflow", async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    await expectInvalid(anything.write(circle));
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    await expectInvalid(anything.write(deep));
  });

  it("treats undefined properties as absent", async () => {
    expect((await anything.write({ a: 1, b: undefined })).json).toEqual({ a: 1 });
  });

  it("limits the bytes of the JSON", async () => {
    const small = new MetadataCodec(typed<string>() as StandardSchema<unknown, unknown>, 10);
    expect((await small.write("12345678")).json).toBe("12345678");
    expect((await small.write("üüüü")).json).toBe("üüüü");
    const error = await expectInvalid(small.write("üüüüü"));
    expect(error.message).toBe("meta is invalid: its 12 bytes of JSON exceed maxMetaBytes (10).");
  });

  it("copies the app's object, and freezes the copy", async () => {
    const own = { list: [1] };
    const { parsed } = await anything.write(own);
    own.list.push(2);
    expect(parsed).toEqual({ ok: true, value: { list: [1] } });
    expect(Object.isFrozen(own)).toBe(false);
    expect(parsed.ok && Object.isFrozen((parsed.value as typeof own).list)).toBe(true);
  });
});

function setUpCount() {
  const store = new GatedStore();
  const manager = new Manager(store, { meta: typed<{ count: number; note?: string }>() });
  return { store, manager, sessions: testSessions(manager) };
}

describe("updateMeta", () => {
  it("loses none of 50 concurrent updates", async () => {
    const { sessions } = setUpCount();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const increment = (request: TestRequest) =>
      sessions.updateMeta(request, ({ count }) => ({ count: count + 1 }));
    await Promise.all(Array.from({ length: 50 }, () => increment(browser.request())));
    expect((await browser.visit(sessions.get))?.meta).toEqual({ count: 50 });
  });

  it("returns the session with the new metadata, which the rest of the request sees", async () => {
    const { sessions } = setUpCount();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const request = browser.request();
    const session = await sessions.updateMeta(request, async (meta) => ({ ...meta, note: "new" }));
    expect(session?.meta).toEqual({ count: 0, note: "new" });
    expect(sessions.require(request).meta).toEqual({ count: 0, note: "new" });
  });

  it("writes nothing to a session that ends meanwhile", async () => {
    const { sessions, store, manager } = setUpCount();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const gate = store.hold("update");
    const update = browser.visit((request) => sessions.updateMeta(request, () => ({ count: 1 })));
    await gate.arrived;
    await manager.revokeByUserKey("ann");
    gate.open();
    await expect(update).rejects.toMatchObject({ code: "ERR_UNAUTHORIZED" });
    expect(await manager.fetchByUserKey("ann")).toEqual([]);
  });

  it("rejects invalid metadata and keeps the stored metadata", async () => {
    const { sessions } = setUpCount();
    const browser = new Browser();
    await browser.visit((request) => sessions.init(request, "ann", { meta: { count: 0 } }));
    const update = browser.visit((request) => sessions.updateMeta(request, () => ({ count: Number.NaN })));
    await expect(update).rejects.toMatchObject({ code: "ERR_META_INVALID" });
    expect((await browser.visit(sessions.get))?.meta).toEqual({ count: 0 });
    await expect(sessions.updateMeta(browser.request(), { count: 1 } as never)).rejects.toThrow(
      /^update must be a function/,
    );
  });

  it("returns undefined without a session", async () => {
    const { sessions } = setUpCount();
    expect(await sessions.updateMeta(new TestRequest(), (meta) => meta)).toBeUndefined();
  });

  it("does not call update with metadata that no longer parses", async () => {
    const browser = new Browser();
    const store = new GatedStore();
    const wide = new Manager(store, { meta: z.object({ theme: z.string() }) });
    const narrow = testSessions(wide.with({ meta: z.object({ theme: z.literal("dark") }) }));
    const { id } = await browser.visit((request) =>
      testSessions(wide).init(request, "ann", { meta: { theme: "dark" } }),
    );
    const gate = store.hold("update");
    const seen: unknown[] = [];
    const late = browser.visit((request) =>
      narrow.updateMeta(request, (meta) => {
        seen.push(meta);
        return { theme: "dark" };
      }),
    );
    await gate.arrived;
    await browser.visit((request) => testSessions(wide).updateMeta(request, () => ({ theme: "light" })));
    gate.open();
    await expect(late).rejects.toMatchObject({ code: "ERR_META_INVALID" });
    expect(seen).toEqual([{ theme: "dark" }]);
    expect((await store.fetchById(id))?.data).toMatchObject({ meta: { theme: "light" } });
  });
});

async function setUpRenamed() {
  const store = new GatedStore();
  const old = new Manager(store, { meta: z.object({ theme: z.string() }) });
  const browser = new Browser();
  await browser.visit((request) => testSessions(old).init(request, "ann", { meta: { theme: "dark" } }));
  const manager = old.with({ meta: z.object({ mode: z.string() }) });
  return { old, manager, sessions: testSessions(manager), browser };
}

describe("metadata that no longer parses", () => {
  it("rejects the session as meta_invalid and keeps it", async () => {
    const { old, sessions, browser } = await setUpRenamed();
    expect(await browser.visit((request) => sessions.authorize(request))).toBe("meta_invalid");
    expect(browser.jar.size).toBe(1);
    expect((await browser.visit(testSessions(old).get))?.meta).toEqual({ theme: "dark" });
  });

  it("stays in lists, so that the session can be seen and ended", async () => {
    const { manager } = await setUpRenamed();
    const [session] = await manager.fetchByUserKey("ann");
    expect(session?.toJSON()).not.toHaveProperty("meta");
    expect(() => session?.meta).toThrow(expect.objectContaining({ code: "ERR_META_INVALID" }));
    expect(await manager.revokeById(session?.id ?? "")).toBe(true);
  });

  it("is hidden from a manager without meta, and survives a rotation by that manager", async () => {
    const { old, browser } = await setUpRenamed();
    const plain = testSessions(old.with({ meta: undefined } as never) as unknown as Manager);
    expect((await browser.visit(plain.get))?.meta).toBeUndefined();
    await browser.visit(plain.rotate);
    expect((await browser.visit(testSessions(old).get))?.meta).toEqual({ theme: "dark" });
  });
});
