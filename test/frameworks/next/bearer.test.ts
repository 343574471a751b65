// The functions of Next.js are replaced by ones with the same behavior, because only the headers of the response matter here.
import { Manager } from "sessionup";
import { bearer, initBearer } from "sessionup/bearer";
import { nextSessions } from "sessionup/next";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";

function setUp() {
  let current = new Headers();
  const sessions = nextSessions(new Manager(memoryStore(), { transports: ["cookie", bearer()] }), {
    headers: async () => current,
    cookies: async () => ({ set() {}, delete() {} }),
  });
  return {
    sessions,
    /** Begins a request with these headers. */
    begin(headers: Record<string, string> = {}): Request {
      current = new Headers(headers);
      return new Request("https://example.com/", { headers });
    },
  };
}

describe("the bearer transport on Next.js", () => {
  it("a Route Handler that nothing wraps can log an app in and read its session, but not replace its secret", async () => {
    const { sessions, begin } = setUp();
    begin();
    const { token } = await initBearer(sessions, "ann");
    const authorization = `Bearer ${token}`;
    begin({ authorization });
    expect((await sessions.require()).kind).toBe("app");
    for (const call of [sessions.rotate, sessions.reauthenticate, sessions.revoke]) {
      await expect(call()).rejects.toMatchObject({
        code: "ERR_HEADERS_SENT",
        message: expect.stringMatching(/wrap this one in public or auth/),
      });
    }
    begin({ authorization });
    expect(await sessions.get()).toBeDefined();
  });

  it("a wrapped Route Handler sends the new secret in the header", async () => {
    const { sessions, begin } = setUp();
    begin();
    const { token } = await initBearer(sessions, "ann");
    const handler = sessions.auth(async () => {
      await sessions.rotate();
      return new Response("rotated");
    });
    const response = await handler(begin({ authorization: `Bearer ${token}` }));
    const next = response.headers.get("session-token");
    expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(next?.split(".")[0]).toBe(token.split(".")[0]);
    begin({ authorization: `Bearer ${next}` });
    expect(await sessions.get()).toBeDefined();
  });
});
