import type { ServerResponse } from "node:http";
import { type InitOptions, type Json, Manager, type Session, type StandardSchema, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { fetchSessions } from "sessionup/fetch";
import { nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

interface Meta {
  device: string;
  theme: "light" | "dark";
}

const byZod = new Manager(memoryStore(), {
  meta: z.object({ device: z.string(), theme: z.enum(["light", "dark"]) }),
});
const byValibot = new Manager(memoryStore(), {
  meta: v.object({ device: v.string(), theme: v.picklist(["light", "dark"]) }),
});
const byHand = new Manager(memoryStore(), { meta: typed<Meta>() });
const without = new Manager(memoryStore());
const maybe = new Manager(memoryStore(), { meta: typed<Meta | undefined>() });

declare const res: ServerResponse;
const meta: Meta = { device: "laptop", theme: "dark" };

describe("the type of metadata", () => {
  it("the manager has the metadata's type", () => {
    expectTypeOf(byZod).toEqualTypeOf<Manager<Meta, Meta>>();
    expectTypeOf(byValibot).toEqualTypeOf<Manager<Meta, Meta>>();
    expectTypeOf(byHand).toEqualTypeOf<Manager<Meta, Meta>>();
    expectTypeOf(byHand.fetchByUserKey("user-1")).resolves.toEqualTypeOf<readonly Session<Meta>[]>();
  });

  it("every adapter has the metadata's type", () => {
    expectTypeOf(nodeSessions(byZod).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(expressSessions(byZod).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(fetchSessions(byZod).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(nodeSessions(byValibot).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(expressSessions(byValibot).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(fetchSessions(byValibot).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(nodeSessions(byHand).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(expressSessions(byHand).require).returns.toEqualTypeOf<Session<Meta>>();
    expectTypeOf(fetchSessions(byHand).require).returns.toEqualTypeOf<Session<Meta>>();
  });

  it("every method has the metadata's type", () => {
    const sessions = nodeSessions(byZod);
    expectTypeOf(sessions.require(res).meta).toEqualTypeOf<Meta>();
    expectTypeOf(sessions.current(res)?.meta).toEqualTypeOf<Meta | undefined>();
    expectTypeOf(sessions.get(res)).resolves.toEqualTypeOf<Session<Meta> | undefined>();
    expectTypeOf(sessions.fetchAll(res)).resolves.toEqualTypeOf<readonly Session<Meta>[]>();
    expectTypeOf(sessions.init(res, "user-1", { meta })).resolves.toEqualTypeOf<Session<Meta>>();
    const updated = sessions.updateMeta(res, (old) => {
      expectTypeOf(old).toEqualTypeOf<Meta>();
      return { ...old, theme: "light" };
    });
    expectTypeOf(updated).resolves.toEqualTypeOf<Session<Meta> | undefined>();
    sessions.updateMeta(res, async (old) => old);
  });

  it("metadata is required when its type does not include undefined", () => {
    const sessions = nodeSessions(byHand);
    sessions.init(res, "user-1", { meta });
    sessions.init(res, "user-1", { meta, expiresIn: "30d" });
    // @ts-expect-error no options
    sessions.init(res, "user-1");
    // @ts-expect-error no metadata
    sessions.init(res, "user-1", {});
    // @ts-expect-error no metadata
    sessions.init(res, "user-1", { expiresIn: "30d" });
  });

  it("metadata is optional when its type includes undefined or there is no type", () => {
    nodeSessions(maybe).init(res, "user-1");
    nodeSessions(maybe).init(res, "user-1", { expiresIn: "30d" });
    nodeSessions(maybe).init(res, "user-1", { meta });
    nodeSessions(without).init(res, "user-1");
    nodeSessions(without).init(res, "user-1", { expiresIn: "30d" });
    expectTypeOf(nodeSessions(maybe).require(res).meta).toEqualTypeOf<Meta | undefined>();
    expectTypeOf(nodeSessions(without).require(res).meta).toEqualTypeOf<undefined>();
  });

  it("a type of any JSON compiles", () => {
    const any = new Manager(memoryStore(), { meta: typed<{ readonly [key: string]: Json }>() });
    expectTypeOf(any).toEqualTypeOf<Manager<{ readonly [key: string]: Json }>>();
    // @ts-expect-error a Date is not JSON
    typed<{ readonly [key: string]: Json | Date }>();
  });

  it("a manager without a metadata type rejects metadata", () => {
    // @ts-expect-error the manager has no `meta`
    nodeSessions(without).init(res, "user-1", { meta });
    expectTypeOf<InitOptions["meta"]>().toEqualTypeOf<undefined>();
  });

  it("metadata of another shape does not compile", () => {
    const sessions = nodeSessions(byZod);
    // @ts-expect-error one key is missing
    sessions.init(res, "user-1", { meta: { device: "laptop" } });
    // @ts-expect-error unknown theme
    sessions.init(res, "user-1", { meta: { device: "laptop", theme: "red" } });
    // @ts-expect-error unknown key
    sessions.init(res, "user-1", { meta: { ...meta, color: "red" } });
    // @ts-expect-error unknown theme
    sessions.updateMeta(res, (old) => ({ ...old, theme: "red" }));
    // @ts-expect-error nothing is returned
    sessions.updateMeta(res, () => {});
    // @ts-expect-error unknown key
    sessions.require(res).meta.color;
  });
});

describe("a metadata schema", () => {
  it("a schema can set defaults and trim when it accepts its own output", () => {
    const manager = new Manager(memoryStore(), {
      meta: z.object({ device: z.string().trim(), theme: z.enum(["light", "dark"]).default("dark") }),
    });
    const sessions = nodeSessions(manager);
    sessions.init(res, "user-1", { meta: { device: " laptop " } });
    expectTypeOf(sessions.require(res).meta).toEqualTypeOf<Meta>();
    sessions.updateMeta(res, ({ device, theme }) => {
      expectTypeOf(theme).toEqualTypeOf<"light" | "dark">();
      return { device };
    });

    const alike = new Manager(memoryStore(), {
      meta: v.object({
        device: v.pipe(v.string(), v.trim()),
        theme: v.optional(v.picklist(["light", "dark"]), "dark"),
      }),
    });
    nodeSessions(alike).init(res, "user-1", { meta: { device: " laptop " } });
    expectTypeOf(nodeSessions(alike).require(res).meta).toEqualTypeOf<Meta>();
  });

  it("a schema that does not accept its own output does not compile", () => {
    // @ts-expect-error from a string to a number
    new Manager(memoryStore(), { meta: z.string().transform(Number) });
    // @ts-expect-error from a string to a number, nested
    new Manager(memoryStore(), { meta: z.object({ age: z.string().transform(Number) }) });
    // @ts-expect-error from a string to a number
    new Manager(memoryStore(), { meta: v.pipe(v.string(), v.transform(Number)) });
    // @ts-expect-error the same for with()
    without.with({ meta: z.string().transform(Number) });
  });

  it("a schema can be optional as a whole", () => {
    const manager = new Manager(memoryStore(), { meta: z.object({ device: z.string() }).optional() });
    nodeSessions(manager).init(res, "user-1");
    expectTypeOf(nodeSessions(manager).require(res).meta).toEqualTypeOf<{ device: string } | undefined>();
  });

  it("with() keeps the schema or replaces it", () => {
    expectTypeOf(byHand.with({ idleTimeout: "5m" })).toEqualTypeOf<Manager<Meta, Meta>>();
    expectTypeOf(byHand.with({ meta: typed<{ role: string }>() })).toEqualTypeOf<
      Manager<{ role: string }, { role: string }>
    >();
  });
});

describe("typed()", () => {
  interface Tree {
    readonly name: string;
    readonly children?: readonly Tree[];
  }

  it("typed() accepts JSON types: interfaces, optional properties, lists, trees and null", () => {
    expectTypeOf(typed<Meta>()).toEqualTypeOf<StandardSchema<Meta, Meta>>();
    typed<{ a?: string; b?: number | undefined; c: boolean | null }>();
    typed<{ list: string[]; pair: [number, string]; readonly fixed: readonly { a: 1 }[] }>();
    typed<Record<string, number>>();
    typed<Tree>();
    typed<string>();
    typed<undefined>();
    typed<{ kind: "a"; a: string } | { kind: "b"; b: number }>();
    typed<{ id: string & { readonly brand: unique symbol } }>();
  });

  it("typed() rejects types that JSON cannot represent", () => {
    // @ts-expect-error a date
    typed<{ at: Date }>();
    // @ts-expect-error a date
    typed<Date>();
    // @ts-expect-error a date that may be missing
    typed<{ at?: Date }>();
    // @ts-expect-error dates in a list
    typed<{ at: Date[] }>();
    // @ts-expect-error a map
    typed<{ map: Map<string, string> }>();
    // @ts-expect-error a map
    typed<Map<string, string>>();
    // @ts-expect-error a set
    typed<{ set: Set<string> }>();
    // @ts-expect-error a bigint
    typed<{ count: bigint }>();
    // @ts-expect-error a bigint
    typed<bigint>();
    // @ts-expect-error a function
    typed<{ run: () => void }>();
    // @ts-expect-error a function
    typed<() => void>();
    // @ts-expect-error a method
    typed<{ run(): void }>();
    // @ts-expect-error a symbol
    typed<{ tag: symbol }>();
    // @ts-expect-error unknown may be any type
    typed<{ anything: unknown }>();
    // @ts-expect-error a class with toJSON() comes back as another type
    typed<{ url: URL }>();
    // @ts-expect-error bytes
    typed<{ bytes: Uint8Array }>();
  });
});
