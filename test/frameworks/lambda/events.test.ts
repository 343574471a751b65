import { createServer } from "node:http";
import type { APIGatewayProxyEventV2, Context } from "aws-lambda";
import { Manager, SessionError } from "sessionup";
import { type LambdaContext, type LambdaEvent, type LambdaResult, lambdaSessions } from "sessionup/lambda";
import { sessionRoutes } from "sessionup/routes";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { type LambdaFrontOptions, lambdaFront } from "./_front.ts";

const sessions = lambdaSessions(new Manager(memoryStore()));
const login = sessions.public(async (context) => ({ ip: (await sessions.init(context, "ann")).ip }));
const whoami = sessions.auth(({ session }) => session.userKey);

/** Returns an event with as few fields as possible. */
function createEvent(
  more: Partial<LambdaEvent> = {},
  http: object = {},
  requestContext: object = {},
): LambdaEvent {
  const event: LambdaEvent = {
    rawPath: "/",
    ...more,
    requestContext: { ...requestContext, http: { method: "POST", ...http } },
  };
  return Object.freeze(event);
}

async function readCookie(result: Promise<unknown>): Promise<string> {
  const { cookies } = (await result) as LambdaResult;
  return cookies?.[0]?.split(";")[0] ?? "";
}

describe("the request's cookie on Lambda", () => {
  it("the session cookie is read from the cookies of payload format 2.0, among others", async () => {
    const cookie = await readCookie(login(createEvent()));
    expect(await whoami(createEvent({ cookies: ["a=1", cookie, "b=2"] }))).toMatchObject({ body: "ann" });
    expect(await whoami(createEvent({ cookies: Object.freeze([cookie]) as string[] }))).toMatchObject({
      body: "ann",
    });
  });

  it("a cookie in the headers, where local emulators put it, is read and counts once", async () => {
    const cookie = await readCookie(login(createEvent()));
    for (const event of [
      { headers: { cookie } },
      { headers: { Cookie: cookie }, cookies: [] },
      { headers: { Cookie: cookie }, cookies: [cookie] },
      { headers: { cookie: "a=1" }, cookies: [cookie] },
    ])
      expect(await whoami(createEvent(event))).toMatchObject({ body: "ann" });
  });

  it("an event without optional fields has no session cookie", async () => {
    const answer = (await whoami(createEvent())) as LambdaResult;
    expect([answer.statusCode, answer.body]).toEqual([401, '{"error":"unauthorized","reason":"no_cookie"}']);
    const nulls = { cookies: null, headers: null } as unknown as Partial<LambdaEvent>;
    expect(((await whoami(createEvent(nulls))) as LambdaResult).statusCode).toBe(401);
  });
});

describe("the client address in lambdaSessions", () => {
  async function addressBehind(
    trustProxy: number | undefined,
    options: LambdaFrontOptions,
    headers: Record<string, string>,
  ): Promise<unknown> {
    const own = lambdaSessions(new Manager(memoryStore(), trustProxy === undefined ? {} : { trustProxy }));
    const run = own.public(async (context) => ({ ip: (await own.init(context, "ann")).ip }));
    const { origin, close } = await listen(createServer(lambdaFront(run, options)));
    try {
      const { ip } = (await new ContractClient(origin).post("/", headers)).json() as { ip: string };
      return ip;
    } finally {
      await close();
    }
  }
  const spoofed = { "x-forwarded-for": "6.6.6.6" };

  it("the address is the gateway's peer, regardless of X-Forwarded-For", async () => {
    expect(await addressBehind(undefined, { sourceIp: "203.0.113.9" }, spoofed)).toBe("203.0.113.9");
  });

  it("trustProxy reads the address from X-Forwarded-For, and the gateway counts as the first hop", async () => {
    expect(await addressBehind(1, { sourceIp: "203.0.113.9" }, spoofed)).toBe("203.0.113.9");
    const viewer = { "x-forwarded-for": "6.6.6.6, 203.0.113.9" };
    expect(await addressBehind(2, { sourceIp: "130.176.0.1" }, viewer)).toBe("203.0.113.9");
  });

  it("peerAddress can read the address from an edge header", async () => {
    const own = lambdaSessions(new Manager(memoryStore()), {
      peerAddress: ({ headers }) => headers?.["cloudfront-viewer-address"]?.replace(/:\d+$/, ""),
    });
    const run = own.public(async (context) => (await own.init(context, "ann")).ip);
    for (const [viewer, ip] of [
      ["203.0.113.9:46532", "203.0.113.9"],
      ["2001:db8::c4a:4253", "2001:db8::c4a"],
    ] as const) {
      const event = createEvent(
        { headers: { "cloudfront-viewer-address": viewer } },
        { sourceIp: "130.176.0.1" },
      );
      expect(((await run(event)) as LambdaResult).body).toBe(ip);
    }
  });

  it("the address is unknown when the event has none", async () => {
    expect(((await login(createEvent())) as LambdaResult).body).toBe("{}");
  });
});

describe("the host on Lambda", () => {
  const account = sessionRoutes(sessions);
  const logout = (headers: Record<string, string>, domainName?: string) =>
    account(createEvent({ rawPath: "/logout", headers }, {}, { domainName }));

  it("the host is the Host header's, otherwise the domain name of the request context", async () => {
    const origin = "https://app.example";
    expect((await logout({ origin, host: "app.example" }))?.statusCode).toBe(204);
    expect((await logout({ Origin: origin, Host: "app.example" }))?.statusCode).toBe(204);
    expect((await logout({ origin }, "app.example"))?.statusCode).toBe(204);
    expect((await logout({ origin, host: "evil.example" }, "app.example"))?.statusCode).toBe(403);
    expect((await logout({ origin }))?.statusCode).toBe(403);
  });
});

describe("sessionRoutes on Lambda", () => {
  const account = sessionRoutes(sessions, { path: "/account" });
  const routeStatus = async (rawPath: string, stage?: string) =>
    (await account(createEvent({ rawPath }, { method: "GET" }, { stage })))?.statusCode;

  it("the routes are found behind a stage of any name", async () => {
    expect(await routeStatus("/account/session", "$default")).toBe(401);
    expect(await routeStatus("/account/session")).toBe(401);
    expect(await routeStatus("/prod/account/session", "prod")).toBe(401);
    expect(await routeStatus("/account/account/session", "account")).toBe(401);
  });

  it("the routes do not match other stages and prefixes", async () => {
    expect(await routeStatus("/$default/account/session", "$default")).toBeUndefined();
    expect(await routeStatus("/dev/account/session", "prod")).toBeUndefined();
    expect(await routeStatus("/production/account/session", "prod")).toBeUndefined();
    expect(await routeStatus("/prodaccount/session", "prod")).toBeUndefined();
    expect(await routeStatus("/prod", "prod")).toBeUndefined();
  });
});

describe("the function's arguments", () => {
  it("the handler receives the event itself and Lambda's context", async () => {
    const event = createEvent({ body: "a=1", isBase64Encoded: false });
    const run = sessions.public((context, lambda: Pick<Context, "awsRequestId">, more?: number) => ({
      same: context.event === event,
      id: lambda.awsRequestId,
      more,
    }));
    expect(await run(event, { awsRequestId: "id-1" }, 7)).toEqual({ same: true, id: "id-1", more: 7 });
  });

  it("wrapped handlers take no callback, because Node 24's runtime rejects handlers that do", () => {
    expect(whoami.length).toBeLessThan(3);
    expect(sessionRoutes(sessions).length).toBeLessThan(3);
  });

  it("the handler receives the body as AWS encodes it: forms in base64", async () => {
    const run = async ({ body = "", isBase64Encoded }: APIGatewayProxyEventV2) => ({
      isBase64Encoded,
      text: Buffer.from(body, isBase64Encoded ? "base64" : "utf8").toString(),
    });
    const { origin, close } = await listen(
      createServer(lambdaFront(sessions.public(({ event }) => run(event)))),
    );
    try {
      const form = await fetch(origin, { method: "POST", body: new URLSearchParams({ name: "ann" }) });
      expect(await form.json()).toEqual({ isBase64Encoded: true, text: "name=ann" });
      const text = await fetch(origin, { method: "POST", body: "é" });
      expect(await text.json()).toEqual({ isBase64Encoded: false, text: "é" });
    } finally {
      await close();
    }
  });

  it.each<[string, unknown]>([
    [
      "a REST API's event",
      {
        version: "1.0",
        httpMethod: "GET",
        path: "/",
        multiValueHeaders: {},
        requestContext: { identity: {} },
      },
    ],
    ["a load balancer's event", { httpMethod: "GET", path: "/", headers: {}, requestContext: { elb: {} } }],
    ["a WebSocket API's event", { requestContext: { connectionId: "id", routeKey: "$connect" } }],
    ["a schedule's event", { source: "aws.events" }],
    ["undefined", undefined],
    ["null", null],
  ])("%s is rejected before the handler runs", async (_name, event) => {
    let ran = false;
    const handler = sessions.public(() => {
      ran = true;
    });
    for (const run of [handler, sessionRoutes(sessions)])
      await expect(run(event as LambdaEvent)).rejects.toThrow(/^sessionup\/lambda: .*payload format 2\.0/);
    expect(ran).toBe(false);
  });
});

describe("the context of lambdaSessions", () => {
  it("an event or Lambda's own context is rejected as the context", async () => {
    const own = { awsRequestId: "id-1" } as unknown as LambdaContext;
    for (const wrong of [createEvent() as unknown as LambdaContext, own])
      await expect(sessions.get(wrong)).rejects.toThrow(
        /^sessionup\/lambda: the context must be the one that public\(\)/,
      );
  });

  it("the context shows the current session, cookies and headers", async () => {
    const seen: unknown[] = [];
    await sessions.public(async (context) => {
      const note = () =>
        seen.push([context.session?.userKey, context.cookies.length, { ...context.headers }]);
      note();
      await sessions.init(context, "ann");
      note();
      await sessions.rotate(context);
      note();
      await sessions.revoke(context);
      note();
    })(createEvent());
    const headers = { "cache-control": "no-store" };
    expect(seen).toEqual([
      [undefined, 0, {}],
      ["ann", 1, headers],
      ["ann", 1, headers],
      [undefined, 1, headers],
    ]);
  });

  it("a logged context contains no secret", async () => {
    const { inspect } = await import("node:util");
    const texts: string[] = [];
    await sessions.public(async (context) => {
      await sessions.init(context, "ann");
      const [line = ""] = context.cookies;
      const secret = /\.(\w+);/.exec(line)?.[1] ?? line;
      texts.push(inspect(context, { depth: 9, showHidden: true }), JSON.stringify(context));
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    })(createEvent());
    expect(texts).toHaveLength(2);
  });

  it("init throws after the handler has returned or thrown", async () => {
    const kept: LambdaContext[] = [];
    await sessions.public((context) => {
      kept.push(context);
    })(createEvent());
    const thrown = sessions.public((context) => {
      kept.push(context);
      throw new RangeError("thrown by the app");
    })(createEvent());
    await expect(thrown).rejects.toThrow(RangeError);
    expect(kept).toHaveLength(2);
    for (const context of kept) {
      const late = await sessions.init(context, "late").catch((error: unknown) => error);
      expect(SessionError.is(late) && late.code).toBe("ERR_HEADERS_SENT");
    }
  });
});
