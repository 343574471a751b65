import { describe, expect, it } from "vitest";
import { SessionError } from "../errors.ts";
import { Manager } from "../manager.ts";
import { memoryStore } from "../stores/memory.ts";
import { type FetchContext, fetchSessions } from "./fetch.ts";

const request = (cookie?: string) =>
  new Request("https://example.com/", cookie ? { headers: { cookie } } : {});

function readCookiePair(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

describe("fetchSessions", () => {
  const sessions = fetchSessions(new Manager(memoryStore()));
  const login = sessions.public(async (context) => {
    await sessions.init(context, "ann");
    return new Response(context.session?.userKey);
  });

  it("context.session is the session as it is at that moment", async () => {
    const before: unknown[] = [];
    const response = await sessions.public(async (context) => {
      before.push(context.session);
      await sessions.init(context, "ann");
      before.push(context.session?.userKey);
      await sessions.revoke(context);
      before.push(context.session);
      return new Response();
    })(request());
    expect(before).toEqual([undefined, "ann", undefined]);
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(response.headers.getSetCookie()[0]).toContain("Max-Age=0");
  });

  it("a handler behind auth always has a session", async () => {
    const cookie = readCookiePair(await login(request()));
    const response = await sessions.auth(({ session }) => new Response(session.userKey))(request(cookie));
    expect(await response.text()).toBe("ann");
  });

  it("passes the platform's other arguments to the handler", async () => {
    const handler = sessions.public((_context, a: number, b: string) => new Response(`${a}${b}`));
    expect(await (await handler(request(), 1, "x")).text()).toBe("1x");
  });

  it("gets the address from peerAddress", async () => {
    const own = fetchSessions(new Manager(memoryStore()), {
      peerAddress: (_request, info: { ip: string }) => info.ip,
    });
    const handler = own.public(async (context, _info: { ip: string }) => {
      return new Response((await own.init(context, "ann")).ip);
    });
    expect(await (await handler(request(), { ip: "::ffff:203.0.113.9" })).text()).toBe("203.0.113.9");
  });

  it("adds the cookie to an immutable redirect", async () => {
    const response = await sessions.public(async (context) => {
      await sessions.init(context, "ann");
      return Response.redirect("https://example.com/home", 303);
    })(request());
    expect([response.status, response.headers.get("location")]).toEqual([303, "https://example.com/home"]);
    expect(readCookiePair(response)).toMatch(/^__Host-sessionup=/);
  });

  it("never changes a response that the app reuses", async () => {
    const kept = new Response(null, { status: 204 });
    const response = await sessions.public(async (context) => {
      await sessions.init(context, "ann");
      return kept;
    })(request());
    expect(response.status).toBe(204);
    expect(readCookiePair(response)).not.toBe("");
    expect(kept.headers.getSetCookie()).toEqual([]);
  });

  it("returns a response without additions, or one that cannot be copied, as it is", async () => {
    const plain = new Response("plain");
    expect(await sessions.public(() => plain)(request())).toBe(plain);
    const failed = Response.error();
    const response = await sessions.public(async (context) => {
      await sessions.init(context, "ann");
      return failed;
    })(request());
    expect(response).toBe(failed);
  });

  it("responds to a SessionError with reject, and throws other errors", async () => {
    const handler = sessions.public((context) => new Response(sessions.require(context).userKey));
    const response = await handler(request());
    expect([response.status, await response.json()]).toEqual([
      401,
      { error: "unauthorized", reason: "no_cookie" },
    ]);
    const broken = sessions.public(() => {
      throw new RangeError("the app's own");
    });
    await expect(broken(request())).rejects.toThrow(RangeError);
    const own = fetchSessions(new Manager(memoryStore()), {
      reject: (error) => new Response(error.code, { status: 403 }),
    });
    const refused = await own.auth(() => new Response("secret"))(request());
    expect([refused.status, await refused.text()]).toEqual([403, "ERR_UNAUTHORIZED"]);
  });

  it("throws ERR_HEADERS_SENT for a cookie after the handler has returned", async () => {
    let kept: FetchContext | undefined;
    await sessions.public((context) => {
      kept = context;
      return new Response();
    })(request());
    const late = await sessions.init(kept as FetchContext, "ann").catch((error: unknown) => error);
    expect(SessionError.is(late) && late.code).toBe("ERR_HEADERS_SENT");
  });

  it("throws a TypeError for a context that it did not create", async () => {
    const made = { request: request(), headers: new Headers(), session: undefined };
    await expect(sessions.get(made)).rejects.toThrow(
      /^sessionup\/fetch: the context must be the one that public\(\) or auth\(\) passes/,
    );
  });

  describe("a wrapped handler inside of another one", () => {
    it("shares the context, so the outer cookie does not replace the inner one", async () => {
      const outer = sessions.public((context) => login(context.request));
      const stale = readCookiePair(await login(request()));
      await sessions.auth(async (context) => {
        await sessions.revokeAll(context);
        return new Response();
      })(request(stale));
      const response = await outer(request(stale));
      expect(response.headers.getSetCookie()).toHaveLength(1);
      const answer = await sessions.auth(({ session }) => new Response(session.userKey))(
        request(readCookiePair(response)),
      );
      expect(await answer.text()).toBe("ann");
    });

    it("lets the outer handler log in, also after the inner one has thrown", async () => {
      const inner = sessions.auth(() => new Response());
      const broken = sessions.public(() => {
        throw new Error("out of order");
      });
      for (const handler of [inner, broken]) {
        const outer = sessions.public(async (context) => {
          await handler(context.request).catch(() => undefined);
          await sessions.init(context, "bob");
          return new Response(context.session?.userKey);
        });
        const response = await outer(request());
        expect(await response.text()).toBe("bob");
        expect(response.headers.getSetCookie()).toHaveLength(1);
      }
    });

    it("gets a new context when the same Request is handled again", async () => {
      const same = request();
      const first = await login(same);
      const second = await login(same);
      expect(readCookiePair(second)).not.toBe(readCookiePair(first));
    });
  });
});
