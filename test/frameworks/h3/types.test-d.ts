import {
  defineHandler,
  defineValidatedHandler,
  type EventHandler,
  H3,
  type H3Event,
  type Middleware,
} from "h3";
import { Manager, type Session, type SessionError, typed } from "sessionup";
import { h3Sessions } from "sessionup/h3";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expectTypeOf, it } from "vitest";
import { z } from "zod";

const store = memoryStore();
const sessions = h3Sessions(new Manager(store));
const themed = h3Sessions(new Manager(store, { meta: typed<{ theme: string }>() }));

describe("sessionup/h3", () => {
  it("fits as h3 middleware on an app, a path, a route and a handler", () => {
    expectTypeOf(sessions.public()).toExtend<Middleware>();
    expectTypeOf(sessionRoutes(sessions, { path: "/account" })).toExtend<Middleware>();
    new H3()
      .use(sessions.public())
      .use("/a/**", sessions.auth(), { method: "POST" })
      .get("/b", () => "b", { middleware: [sessions.auth()] });
    defineHandler({ middleware: [sessions.auth()], handler: () => "c" });
  });

  it("accepts the events of plain and validated handlers and keeps their inference", () => {
    new H3().get("/:id", async (event) => {
      expectTypeOf(event).toEqualTypeOf<H3Event>();
      expectTypeOf(sessions.require(event)).toEqualTypeOf<Session>();
      expectTypeOf(themed.current(event)).toEqualTypeOf<Session<{ theme: string }> | undefined>();
      return sessions.fetchAll(event);
    });
    defineValidatedHandler({
      validate: { body: z.object({ name: z.string() }) },
      handler: async (event) => {
        const { name } = await event.req.json();
        expectTypeOf(name).toEqualTypeOf<string>();
        return (await sessions.init(event, name)).id;
      },
    });
    const typedHandler: EventHandler<{ body: { name: string } }> = (event) => sessions.get(event);
    new H3().post("/", typedHandler);
  });

  it("lets reject declare h3's event", () => {
    h3Sessions(new Manager(store), {
      reject: (error, event: H3Event) => {
        expectTypeOf(error).toEqualTypeOf<SessionError>();
        return { from: event.url.pathname, reason: error.reason };
      },
    });
    h3Sessions(new Manager(store), {
      reject: (error, event) => {
        event.res.headers.set("x-why", error.reason ?? "");
        return "no";
      },
    });
    // @ts-expect-error not an event of h3
    h3Sessions(new Manager(store), { reject: (_error, _event: Date) => "no" });
  });

  it("requires metadata that has no default", () => {
    new H3().post("/", async (event) => {
      // @ts-expect-error the theme is missing
      await themed.init(event, "ann");
      return themed.init(event, "ann", { meta: { theme: "dark" } });
    });
  });

  it("rejects the context of another adapter", () => {
    // @ts-expect-error the context is the event
    new H3().get("/", (event) => sessions.get(event.req));
  });
});
