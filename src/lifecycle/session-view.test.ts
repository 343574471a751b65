import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Browser } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";
import type { Session } from "../session.ts";

describe("a session", () => {
  it("has the public attributes in JSON, and no secret or user key in inspections", async () => {
    const { clock, login, sessions } = createHarness();
    const browser = new Browser();
    const { id } = await login(browser);
    const session = (await browser.visit(sessions.get)) as Session;
    const at = new Date(clock.now());
    expect(JSON.parse(JSON.stringify(session))).toEqual({
      id,
      current: true,
      createdAt: at.toISOString(),
      lastSeenAt: at.toISOString(),
      expiresAt: new Date(clock.now() + 86_400_000).toISOString(),
      kind: "browser",
      ip: "192.0.2.1",
    });
    expect([session.userKey, session.createdAt, session.authenticatedAt, session.agent]).toEqual([
      "ann",
      at,
      at,
      undefined,
    ]);
    expect(inspect(session, { showHidden: true, depth: 10 })).not.toMatch(
      /ann|secret|root|[0-9A-Za-z_-]{43}/,
    );
    expect(Object.keys({ ...session })).toEqual([]);
  });

  it("is read-only", async () => {
    const { login } = createHarness();
    const session = (await login(new Browser())) as { userKey: string };
    expect(() => {
      session.userKey = "root";
    }).toThrow(TypeError);
    expect(session.userKey).toBe("ann");
  });
});
