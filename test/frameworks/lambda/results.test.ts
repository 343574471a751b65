import { createServer } from "node:http";
import { Manager } from "sessionup";
import {
  type LambdaContext,
  type LambdaEvent,
  type LambdaResult,
  type LambdaSessionsOptions,
  lambdaSessions,
} from "sessionup/lambda";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ContractClient } from "../../../src/testing/adapter/client.ts";
import { listen } from "../../support/listen.ts";
import { names } from "../running.ts";
import { HttpResponseStream, type LambdaFunction, lambdaFront, streamingFront } from "./_front.ts";

const manager = new Manager(memoryStore());
const sessions = lambdaSessions(manager);
const EVENT: LambdaEvent = { rawPath: "/", requestContext: { http: { method: "POST" } } };

async function behind(run: LambdaFunction, use: (client: ContractClient, origin: string) => Promise<void>) {
  const { origin, close } = await listen(createServer(lambdaFront(run)));
  try {
    await use(new ContractClient(origin), origin);
  } finally {
    await close();
  }
}

/** Returns a function that logs in and returns `result`. */
const afterLogin = <Result>(result: Result) =>
  sessions.public(async (context) => {
    await sessions.init(context, "ann");
    return result;
  });

describe("a result whose form AWS infers", () => {
  it.each<[string, unknown]>([
    ["a string", "Hello, world!"],
    ["an empty string", ""],
    ["a string that is JSON", '{"statusCode":204}'],
    ["an object", { message: "hello", body: "not one", cookies: ["not=one"] }],
    ["an array", [{ statusCode: 204 }]],
    ["a number", 7],
    ["null", null],
    ["undefined", undefined],
    ["a date", new Date(0)],
    ["an object whose statusCode is undefined", { statusCode: undefined, body: "x" }],
  ])("the response is the same with and without the session cookie: %s", async (_name, result) => {
    await behind(
      async (event) => (event.rawPath === "/login" ? afterLogin(result)(event) : result),
      async (client) => {
        const plain = await client.post("/plain");
        const ours = await client.post("/login");
        expect([ours.status, ours.text]).toEqual([plain.status, plain.text]);
        expect(ours.headers.get("content-type")).toBe(plain.headers.get("content-type"));
        expect([names(plain.cookies), names(ours.cookies)]).toEqual([[], ["__Host-sessionup"]]);
      },
    );
  });

  it("a result that carries the cookie becomes structured, as AWS would infer it", async () => {
    const { cookies, ...result } = (await afterLogin({ a: 1 })(EVENT)) as LambdaResult;
    expect(cookies).toHaveLength(1);
    expect(result).toEqual({
      statusCode: 200,
      headers: { "content-type": "application/json", "cache-control": "no-store" },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
  });

  it("a result stays unchanged when the session sets no header", async () => {
    for (const result of ["text", { a: 1 }, { statusCode: 200, body: "b" }, undefined])
      expect(await sessions.public(() => result)(EVENT)).toBe(result);
  });
});

describe("the cookie of lambdaSessions", () => {
  it("the cookie is next to the app's cookies, each on its own line", async () => {
    const result = { statusCode: 200, headers: { "Set-Cookie": "c=3; Path=/" }, cookies: ["a=1", "b=2"] };
    await behind(afterLogin(result), async (client) => {
      expect(names((await client.post("/")).cookies)).toEqual(["__Host-sessionup", "a", "b", "c"]);
    });
  });

  it("the app's result object stays unchanged, so that apps may share or freeze it", async () => {
    const kept = Object.freeze({
      statusCode: 204,
      headers: Object.freeze({ "x-own": 1 }),
      cookies: Object.freeze(["a=1"]) as string[],
    });
    const result = (await afterLogin(kept)(EVENT)) as LambdaResult;
    expect([result.statusCode, result.headers, result.cookies?.length]).toEqual([
      204,
      { "x-own": 1, "cache-control": "no-store" },
      2,
    ]);
    expect([kept.cookies, kept.headers]).toEqual([["a=1"], { "x-own": 1 }]);
  });

  it("no-store replaces the app's Cache-Control in any case", async () => {
    for (const name of ["cache-control", "Cache-Control"]) {
      await behind(
        afterLogin({ statusCode: 200, headers: { [name]: "public, max-age=60", "X-Own": "1" } }),
        async (client) => {
          const { headers } = await client.post("/");
          expect([headers.get("cache-control"), headers.get("x-own")]).toEqual(["no-store", "1"]);
        },
      );
    }
  });

  it("the cookie is on binary responses and on HEAD responses", async () => {
    const bytes = Buffer.from([0, 255, 128]);
    const result = { statusCode: 200, body: bytes.toString("base64"), isBase64Encoded: true };
    await behind(afterLogin(result), async (client, origin) => {
      const response = await fetch(origin, { method: "POST" });
      expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
      expect(names(response.headers.getSetCookie())).toEqual(["__Host-sessionup"]);
      const head = await client.send("HEAD", "/");
      expect([head.status, head.text, names(head.cookies)]).toEqual([200, "", ["__Host-sessionup"]]);
    });
  });

  it("the inner handler's cookie wins when a handler runs another for the same request", async () => {
    let inner: LambdaResult = {};
    const outer = sessions.public(async (context) => {
      await sessions.init(context, "bob");
      inner = (await afterLogin({ statusCode: 200 })(context.event)) as LambdaResult;
      return inner;
    });
    const result = (await outer(EVENT)) as LambdaResult;
    expect(result.cookies).toHaveLength(1);
    expect(result.cookies).toEqual(inner.cookies);
  });

  it("each manager sets one cookie", async () => {
    const admins = lambdaSessions(manager.with({ cookie: { name: "admin" } }));
    await behind(
      sessions.public(async (context) => {
        await admins.init(context, "root");
        await sessions.init(context, "ann");
        await admins.rotate(context);
        return {};
      }),
      async (client) => {
        expect(names((await client.post("/")).cookies)).toEqual(["__Host-admin", "__Host-sessionup"]);
      },
    );
  });

  it("a response to the app's own error has no cookie, because AWS answers it", async () => {
    await behind(
      sessions.public(async (context) => {
        await sessions.init(context, "ann");
        throw new RangeError("thrown by the app");
      }),
      async (client) => {
        const answer = await client.post("/");
        expect([answer.status, answer.cookies]).toEqual([500, []]);
      },
    );
  });
});

describe("lambdaSessions with reject", () => {
  type Reject = NonNullable<LambdaSessionsOptions["reject"]>;
  const rejecting = (reject: Reject) => lambdaSessions(manager, { reject });

  it("reject answers in Lambda's form, with the error's status unless it sets another", async () => {
    const cases: [Reject, number, string][] = [
      [() => ({ statusCode: 303, headers: { location: "/login" } }), 303, ""],
      [async (error) => ({ body: `no: ${error.reason}` }), 401, "no: no_cookie"],
      [({ status }, event) => ({ statusCode: status, body: event.rawPath }), 401, "/devices"],
      // The app forgot to return.
      [(() => undefined) as unknown as Reject, 401, ""],
    ];
    for (const [reject, status, text] of cases) {
      let ran = 0;
      const own = rejecting(reject);
      await behind(
        own.auth(() => ran++),
        async (client) => {
          const answer = await client.get("/devices");
          expect([answer.status, answer.text, ran]).toEqual([status, text, 0]);
        },
      );
    }
  });

  it("reject answers a SessionError that a handler throws, with the cookie that was set before", async () => {
    const run = sessions.public(async (context) => {
      await sessions.init(context, "ann");
      await sessions.revoke(context);
      return sessions.require(context).userKey;
    });
    await behind(run, async (client) => {
      const answer = await client.post("/");
      expect([answer.status, answer.json()]).toEqual([401, { error: "unauthorized", reason: "revoked" }]);
      expect(answer.cookies[0]).toContain("Max-Age=0");
    });
  });

  it("the cookie of an expired session is cleared, also on a response of reject", async () => {
    let now = Date.now();
    const own = lambdaSessions(new Manager(memoryStore(), { clock: () => now }), {
      reject: () => ({ statusCode: 303, headers: { location: "/login" } }),
    });
    const login = own.public(async (context) => (await own.init(context, "ann")).id);
    const whoami = own.auth(({ session }) => session.userKey);
    await behind(
      async (event) => (event.rawPath === "/login" ? login(event) : whoami(event)),
      async (client) => {
        await client.post("/login");
        expect((await client.get("/")).text).toBe("ann");
        now += 86_400_000;
        expect([(await client.get("/")).status, client.jar.size]).toEqual([303, 0]);
      },
    );
  });
});

describe("the options of lambdaSessions", () => {
  it("a misspelt option is rejected", () => {
    const misspelt = { rejects: () => ({}) } as LambdaSessionsOptions;
    expect(() => lambdaSessions(manager, misspelt)).toThrow('"rejects" is not an option of lambdaSessions');
  });
});

describe("a streaming function", () => {
  it("a stream takes its head from a handler, and the cookie cannot change afterwards", async () => {
    let kept: LambdaContext | undefined;
    const head = sessions.public(async (context) => {
      kept = context;
      await sessions.init(context, "ann");
      return { statusCode: 200, headers: { "content-type": "text/event-stream" }, cookies: ["theme=dark"] };
    });
    const front = streamingFront(async (event, responseStream) => {
      const stream = HttpResponseStream.from(responseStream, { ...(await head(event)) });
      stream.write("data: 1\n\n");
      stream.write(`data: ${await sessions.rotate(kept as LambdaContext).catch(({ code }) => code)}\n\n`);
      stream.end();
    });
    const { origin, close } = await listen(createServer(front));
    try {
      const answer = await new ContractClient(origin).get("/");
      expect(answer.text).toBe("data: 1\n\ndata: ERR_HEADERS_SENT\n\n");
      expect(answer.headers.get("content-type")).toBe("text/event-stream");
      expect(names(answer.cookies)).toEqual(["__Host-sessionup", "theme"]);
    } finally {
      await close();
    }
  });
});
