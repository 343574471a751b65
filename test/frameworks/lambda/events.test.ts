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

/** As little as an event can have. */
function eventOf(
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

async function cookieOf(result: Promise<unknown>): Promise<string> {
  const { cookies } = (await result) as LambdaResult;
  return cookies?.[0]?.split(";")[0] ?? "";
}

describe("the cookie of the request", () => {
  it("is where payload format 2.0 has it, among others", async () => {
    const cookie = await cookieOf(login(eventOf()));
    expect(await whoami(eventOf({ cookies: ["a=1", cookie, "b=2"] }))).toMatchObject({ body: "ann" });
    expect(await whoami(eventOf({ cookies: Object.freeze([cookie]) as string[] }))).toMatchObject({
      body: "ann",
    });
  });

  it("is found in the headers, too, where a local imitation has it there, and counts once", async () => {
    const cookie = await cookieOf(login(eventOf()));
    for (const event of [
      { headers: { cookie } },
      { headers: { Cookie: cookie }, cookies: [] },
      { headers: { Cookie: cookie }, cookies: [cookie] },
      { headers: { cookie: "a=1" }, cookies: [cookie] },
    ])
      expect(await whoami(eventOf(event))).toMatchObject({ body: "ann" });
  });

  it("is none where the fields that may be missing are missing", async () => {
    const answer = (await whoami(eventOf())) as LambdaResult;
    expect([answer.statusCode, answer.body]).toEqual([401, '{"error":"unauthorized","reason":"no_cookie"}']);
    const nulls = { cookies: null, headers: null } as unknown as Partial<LambdaEvent>;
    expect(((await whoami(eventOf(nulls))) as LambdaResult).statusCode).toBe(401);
  });
});

describe("the address", () => {
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

  it("is that of who is connected to the gateway, whatever the client says of itself", async () => {
    expect(await addressBehind(undefined, { sourceIp: "203.0.113.9" }, spoofed)).toBe("203.0.113.9");
  });

  it("comes by trustProxy from what the gateway adds to X-Forwarded-For: the gateway is the first hop", async () => {
    expect(await addressBehind(1, { sourceIp: "203.0.113.9" }, spoofed)).toBe("203.0.113.9");
    const viewer = { "x-forwarded-for": "6.6.6.6, 203.0.113.9" };
    expect(await addressBehind(2, { sourceIp: "130.176.0.1" }, viewer)).toBe("203.0.113.9");
  });

  it("is what the app takes from its edge's header", async () => {
    const own = lambdaSessions(new Manager(memoryStore()), {
      peerAddress: ({ headers }) => headers?.["cloudfront-viewer-address"]?.replace(/:\d+$/, ""),
    });
    const run = own.public(async (context) => (await own.init(context, "ann")).ip);
    for (const [viewer, ip] of [
      ["203.0.113.9:46532", "203.0.113.9"],
      ["2001:db8::c4a:4253", "2001:db8::c4a"],
    ] as const) {
      const event = eventOf(
        { headers: { "cloudfront-viewer-address": viewer } },
        { sourceIp: "130.176.0.1" },
      );
      expect(((await run(event)) as LambdaResult).body).toBe(ip);
    }
  });

  it("is not known where the event has none", async () => {
    expect(((await login(eventOf())) as LambdaResult).body).toBe("{}");
  });
});

describe("the host", () => {
  const account = sessionRoutes(sessions);
  const logout = (headers: Record<string, string>, domainName?: string) =>
    account(eventOf({ rawPath: "/logout", headers }, {}, { domainName }));

  it("is the header's, else the domain by which the function was called", async () => {
    const origin = "https://app.example";
    expect((await logout({ origin, host: "app.example" }))?.statusCode).toBe(204);
    expect((await logout({ Origin: origin, Host: "app.example" }))?.statusCode).toBe(204);
    expect((await logout({ origin }, "app.example"))?.statusCode).toBe(204);
    expect((await logout({ origin, host: "evil.example" }, "app.example"))?.statusCode).toBe(403);
    expect((await logout({ origin }))?.statusCode).toBe(403);
  });
});

describe("the ready-made routes", () => {
  const account = sessionRoutes(sessions, { path: "/account" });
  const statusOf = async (rawPath: string, stage?: string) =>
    (await account(eventOf({ rawPath }, { method: "GET" }, { stage })))?.statusCode;

  it("are behind the stage, whatever its name", async () => {
    expect(await statusOf("/account/session", "$default")).toBe(401);
    expect(await statusOf("/account/session")).toBe(401);
    expect(await statusOf("/prod/account/session", "prod")).toBe(401);
    expect(await statusOf("/account/account/session", "account")).toBe(401);
  });

  it("are nowhere else", async () => {
    expect(await statusOf("/$default/account/session", "$default")).toBeUndefined();
    expect(await statusOf("/dev/account/session", "prod")).toBeUndefined();
    expect(await statusOf("/production/account/session", "prod")).toBeUndefined();
    expect(await statusOf("/prodaccount/session", "prod")).toBeUndefined();
    expect(await statusOf("/prod", "prod")).toBeUndefined();
  });
});

describe("what the function is given", () => {
  it("reaches the handler: the event itself, and Lambda's context", async () => {
    const event = eventOf({ body: "a=1", isBase64Encoded: false });
    const run = sessions.public((context, lambda: Pick<Context, "awsRequestId">, more?: number) => ({
      same: context.event === event,
      id: lambda.awsRequestId,
      more,
    }));
    expect(await run(event, { awsRequestId: "id-1" }, 7)).toEqual({ same: true, id: "id-1", more: 7 });
  });

  it("is a handler to the runtime that takes no callback: Node 24's refuses those", () => {
    expect(whoami.length).toBeLessThan(3);
    expect(sessionRoutes(sessions).length).toBeLessThan(3);
  });

  it("has its body as AWS gives it: forms in base64", async () => {
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
      "a REST API's",
      {
        version: "1.0",
        httpMethod: "GET",
        path: "/",
        multiValueHeaders: {},
        requestContext: { identity: {} },
      },
    ],
    ["a load balancer's", { httpMethod: "GET", path: "/", headers: {}, requestContext: { elb: {} } }],
    ["a WebSocket API's", { requestContext: { connectionId: "id", routeKey: "$connect" } }],
    ["a schedule's", { source: "aws.events" }],
    ["nothing", undefined],
    ["null", null],
  ])("is refused where it is %s, before the handler runs", async (_name, event) => {
    let ran = false;
    const handler = sessions.public(() => {
      ran = true;
    });
    for (const run of [handler, sessionRoutes(sessions)])
      await expect(run(event as LambdaEvent)).rejects.toThrow(/^sessionup\/lambda: .*payload format 2\.0/);
    expect(ran).toBe(false);
  });
});

describe("the context", () => {
  it("is no event, and not Lambda's own", async () => {
    const own = { awsRequestId: "id-1" } as unknown as LambdaContext;
    for (const wrong of [eventOf() as unknown as LambdaContext, own])
      await expect(sessions.get(wrong)).rejects.toThrow(
        /^sessionup\/lambda: the context must be the one that public\(\)/,
      );
  });

  it("shows what is to be set, as it is at that moment", async () => {
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
    })(eventOf());
    const headers = { "cache-control": "no-store" };
    expect(seen).toEqual([
      [undefined, 0, {}],
      ["ann", 1, headers],
      ["ann", 1, headers],
      [undefined, 1, headers],
    ]);
  });

  it("tells a log nothing that would log anybody in", async () => {
    const { inspect } = await import("node:util");
    const texts: string[] = [];
    await sessions.public(async (context) => {
      await sessions.init(context, "ann");
      const [line = ""] = context.cookies;
      const secret = /\.(\w+);/.exec(line)?.[1] ?? line;
      texts.push(inspect(context, { depth: 9, showHidden: true }), JSON.stringify(context));
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    })(eventOf());
    expect(texts).toHaveLength(2);
  });

  it("sets nothing any more when the handler has returned, or thrown", async () => {
    const kept: LambdaContext[] = [];
    await sessions.public((context) => {
      kept.push(context);
    })(eventOf());
    const thrown = sessions.public((context) => {
      kept.push(context);
      throw new RangeError("the app's own");
    })(eventOf());
    await expect(thrown).rejects.toThrow(RangeError);
    expect(kept).toHaveLength(2);
    for (const context of kept) {
      const late = await sessions.init(context, "late").catch((error: unknown) => error);
      expect(SessionError.is(late) && late.code).toBe("ERR_HEADERS_SENT");
    }
  });
});
