import type { ServerResponse } from "node:http";
import { bindSessions, Manager, type Session, typed } from "sessionup";
import { fetchSessions } from "sessionup/fetch";
import { nodeSessions } from "sessionup/node";
import { createFlash, createPocket, type Flash } from "sessionup/pocket";
import { memoryStore } from "sessionup/stores/memory";
import * as v from "valibot";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

interface Login {
  state: string;
  returnTo?: string;
}

interface Meta {
  cart: string[];
}

const sessions = nodeSessions(new Manager(memoryStore(), { keys: ["k".repeat(32)], meta: typed<Meta>() }));
const bound = bindSessions(sessions, async () => res);
const values = {
  login: { schema: typed<Login>() },
  cart: { schema: z.array(z.string()).default([]), ttl: "7d" },
  note: { schema: v.object({ text: v.string() }), sameSite: "none" },
} as const;
const pocket = createPocket(sessions, { values });
const boundPocket = createPocket(bound, { values });

declare const res: ServerResponse;
declare const query: { state?: unknown };

describe("the types of a pocket", () => {
  it("take and peek return the output of the value's schema", () => {
    expectTypeOf(pocket.take(res, "login")).resolves.toEqualTypeOf<Login | undefined>();
    expectTypeOf(pocket.peek(res, "cart")).resolves.toEqualTypeOf<string[] | undefined>();
    expectTypeOf(pocket.peek(res, "note")).resolves.toEqualTypeOf<{ text: string } | undefined>();
    expectTypeOf(boundPocket.take("cart", { once: true })).resolves.toEqualTypeOf<string[] | undefined>();
  });

  it("put accepts the input of the value's schema", () => {
    void pocket.put(res, "login", { state: "s" }, { key: "s", ttl: "5m" });
    void pocket.put(res, "cart", undefined);
    void boundPocket.put("note", { text: "n" });
    // @ts-expect-error another type
    void pocket.put(res, "cart", [1]);
    // @ts-expect-error a missing property
    void pocket.put(res, "login", {});
  });

  it("a name that is not declared does not compile", () => {
    // @ts-expect-error no such value
    void pocket.take(res, "basket");
    // @ts-expect-error no such value
    void boundPocket.put("basket", []);
    // @ts-expect-error no such value
    void pocket.init(res, "user-1", { from: ["basket"], meta: () => ({ cart: [] }) });
  });

  it("the key of take may be unchecked input, and that of put is a string", () => {
    void pocket.take(res, "login", { key: query.state });
    // @ts-expect-error unchecked input
    void pocket.put(res, "login", { state: "s" }, { key: query.state });
  });

  it("init passes the named values to meta, and requires the metadata of the sessions", () => {
    const options = {
      level: 2,
      from: ["cart"],
      meta: (found: { readonly cart?: string[] }) => ({ cart: found.cart ?? [] }),
    } as const;
    expectTypeOf(pocket.init(res, "user-1", options)).resolves.toEqualTypeOf<Session<Meta>>();
    void boundPocket.init("user-1", {
      from: ["cart", "login"],
      meta(found) {
        expectTypeOf(found).toEqualTypeOf<{ readonly cart?: string[]; readonly login?: Login }>();
        return { cart: found.cart ?? [] };
      },
    });
    // @ts-expect-error other metadata
    void pocket.init(res, "user-1", { from: ["cart"], meta: () => ({ cart: [1] }) });
    // @ts-expect-error a value that is not named
    void pocket.init(res, "user-1", { from: ["login"], meta: ({ cart = [] }) => ({ cart }) });
    // @ts-expect-error no metadata
    void pocket.init(res, "user-1", { from: ["cart"] });
  });

  it("a schema is required, and a duration is not a number", () => {
    // @ts-expect-error no schema
    createPocket(sessions, { values: { cart: { ttl: "7d" } } });
    // @ts-expect-error a number
    createPocket(sessions, { values: { cart: { schema: typed<string>(), ttl: 60 } } });
  });

  it("the context is that of the adapter", () => {
    const others = createPocket(fetchSessions(new Manager(memoryStore(), { keys: ["k".repeat(32)] })), {
      values,
    });
    // @ts-expect-error another adapter's context
    void others.take(res, "login");
  });
});

describe("the types of flash messages", () => {
  it("take returns all messages by type, or those of one type", () => {
    const flash = createFlash(sessions);
    expectTypeOf(flash.add(res, "info", "Saved")).toEqualTypeOf<void>();
    expectTypeOf(flash.take(res)).toEqualTypeOf<Readonly<Record<string, readonly string[]>>>();
    expectTypeOf(flash.take(res, "info")).toEqualTypeOf<readonly string[]>();
    expectTypeOf(createFlash(bound).take("info")).resolves.toEqualTypeOf<readonly string[]>();
    expectTypeOf(flash).toExtend<Flash<ServerResponse>>();
  });
});
