import type { IncomingMessage } from "node:http";
import express from "express";
import type { LightMyRequestResponse } from "fastify";
import type { Hono } from "hono";
import { Manager, type Session, typed } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { cookieOf, signIn, withSession } from "sessionup/testing";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

const plain = new Manager(memoryStore());
const themed = new Manager(memoryStore(), { meta: typed<{ theme: string }>() });
const parsed = new Manager(memoryStore(), {
  meta: z.object({ at: z.string().transform(String), n: z.number().default(1) }),
});
const req = express.request;

describe("the type of signIn", () => {
  it("signIn accepts a manager or an adapter's sessions, and returns a string", () => {
    expectTypeOf(signIn(plain, "user-1")).resolves.toEqualTypeOf<string>();
    expectTypeOf(
      signIn(expressSessions(plain), "user-1", { expiresIn: "1d" }),
    ).resolves.toEqualTypeOf<string>();
    // @ts-expect-error an app is neither
    signIn(express(), "user-1");
  });

  it("signIn requires the metadata that init requires", () => {
    signIn(themed, "user-1", { meta: { theme: "dark" }, userAgent: "curl", ip: "203.0.113.9" });
    signIn(expressSessions(themed), "user-1", { meta: { theme: "dark" } });
    // @ts-expect-error the metadata is missing
    signIn(themed, "user-1");
    // @ts-expect-error the metadata is missing
    signIn(expressSessions(themed), "user-1", { level: 2 });
    // @ts-expect-error metadata of another shape
    signIn(expressSessions(themed), "user-1", { meta: { theme: 1 } });
    // @ts-expect-error metadata of another shape
    signIn(themed, "user-1", { meta: { theme: 1 } });
    signIn(parsed, "user-1", { meta: { at: "now" } });
  });

  it("signIn rejects the values and options that init does not share", () => {
    // @ts-expect-error a bare number is not a duration
    signIn(plain, "user-1", { expiresIn: 60 });
    // @ts-expect-error a test needs no exception for other origins
    signIn(plain, "user-1", { crossOrigin: "allow" });
  });
});

describe("the type of withSession", () => {
  it("withSession returns a session with the schema's output as metadata", () => {
    expectTypeOf(withSession(expressSessions(plain), req, "user-1")).resolves.toEqualTypeOf<Session>();
    expectTypeOf(
      withSession(expressSessions(themed), req, "user-1", { meta: { theme: "dark" } }),
    ).resolves.toEqualTypeOf<Session<{ theme: string }>>();
    expectTypeOf(
      withSession(expressSessions(parsed), req, "user-1", { meta: { at: "now" } }),
    ).resolves.toEqualTypeOf<Session<{ at: string; n: number }>>();
    // @ts-expect-error the metadata is missing
    withSession(expressSessions(themed), req, "user-1");
  });

  it("withSession accepts only the context of its adapter", () => {
    // @ts-expect-error the context of Express is the request
    withSession(expressSessions(plain), express.response, "user-1");
    // @ts-expect-error a manager has no contexts
    withSession(plain, req, "user-1");
  });
});

describe("the type of cookieOf", () => {
  it("cookieOf accepts the responses of fetch, node:http, Hono and inject", () => {
    expectTypeOf(cookieOf).toBeCallableWith(Response.json({}));
    expectTypeOf(cookieOf).toBeCallableWith({} as IncomingMessage);
    expectTypeOf(cookieOf).toBeCallableWith({} as LightMyRequestResponse);
    expectTypeOf(cookieOf).toBeCallableWith({} as Awaited<ReturnType<Hono["request"]>>);
    expectTypeOf(cookieOf).returns.toEqualTypeOf<string>();
    // @ts-expect-error a string has no headers
    cookieOf("__Host-sessionup=1");
  });
});
