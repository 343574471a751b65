import { bindSessions, Manager } from "sessionup";
import { contextSessions } from "sessionup/context";
import { expressSessions } from "sessionup/express";
import { fastifySessions } from "sessionup/fastify";
import { fetchSessions } from "sessionup/fetch";
import { h3Sessions } from "sessionup/h3";
import { honoSessions } from "sessionup/hono";
import { koaSessions } from "sessionup/koa";
import { lambdaSessions } from "sessionup/lambda";
import { nestSessions } from "sessionup/nest";
import { nextSessions } from "sessionup/next";
import { nodeSessions } from "sessionup/node";
import { socketIoSessions } from "sessionup/socket.io";
import { memoryStore } from "sessionup/stores/memory";
import { svelteKitSessions } from "sessionup/sveltekit";
import { wsSessions } from "sessionup/ws";
import { describe, expect, it } from "vitest";

const next = {
  headers: async () => new Headers(),
  cookies: async () => ({ set: () => {}, delete: () => {} }),
};
const ADAPTERS: Readonly<Record<string, (manager: never, options?: object) => unknown>> = {
  expressSessions,
  fastifySessions,
  fetchSessions,
  h3Sessions,
  honoSessions,
  koaSessions,
  lambdaSessions,
  nestSessions,
  nextSessions: (manager, options) => nextSessions(manager, { ...next, ...options }),
  nodeSessions,
  socketIoSessions,
  svelteKitSessions,
  wsSessions,
};

describe.each(Object.entries(ADAPTERS))("%s", (name, adapter) => {
  it("throws a TypeError when reject is not a function", () => {
    const manager = new Manager(memoryStore());
    const call = () => adapter(manager as never, { reject: "/login" });
    expect(call).toThrow(new TypeError(`${name}.reject must be a function. Received "/login".`));
    expect(() => adapter(manager as never, { reject: undefined })).not.toThrow();
  });

  it.each<[given: string, value: unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["a store", memoryStore()],
    ["options", { idleTimeout: "30m" }],
  ])("throws a TypeError that asks for a Manager when it receives %s", (_given, value) => {
    const call = () => adapter(value as never);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(/^The first argument must be a Manager: pass new Manager\(store\)/);
  });
});

it.each<[name: string, bind: (sessions: never) => unknown]>([
  ["contextSessions", contextSessions],
  ["bindSessions", (sessions) => bindSessions(sessions, async () => ({}))],
])("%s throws a TypeError when it receives no sessions", (_name, bind) => {
  for (const wrong of [undefined, new Manager(memoryStore()), memoryStore()])
    expect(() => bind(wrong as never)).toThrow(/^sessions must be the result of an adapter/);
});
