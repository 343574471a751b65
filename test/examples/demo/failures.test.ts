import { Manager } from "sessionup";
import { TestClock } from "sessionup/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Users } from "../../../examples/demo/users.ts";
import { GatedStore } from "../../support/gated-store.ts";
import { Device, idsOn, noticeOn, outcome } from "./_curl.ts";
import { type Site, startSite } from "./site.ts";

vi.mock("node:crypto", async (original) => (await import("./quick-passwords.ts")).quickPasswords(original));

const name = "Ann";
const password = "correct horse";

describe("the demo when it goes wrong", () => {
  let store: GatedStore;
  let clock: TestClock;
  let site: Site;
  let first: Device;
  let second: Device;

  beforeEach(async () => {
    store = new GatedStore();
    clock = new TestClock();
    site = await startSite(new Manager(store, { clock: clock.now }), { clock: clock.now });
    first = await Device.of(site.url);
    second = await Device.of(site.url);
    await first.post("/register", { name, password });
  });
  afterEach(async () => {
    await first.discard();
    await second.discard();
    await site.close();
  });

  it.each(["/private", "/login", "/register"])(
    "answers 503 to GET %s while the store is out: no login, the cookie stays",
    async (path) => {
      store.fail("fetchById");
      const answer = await first.get(path);
      expect(outcome(answer)).toBe("503");
      expect(answer.headers.get("retry-after")).toBe("5");
      expect(answer.headers.has("set-cookie")).toBe(false);
      expect(answer.body).toContain("<h1>Try again shortly</h1>");
      expect(answer.body).not.toContain("/login");
      expect(outcome(await first.get("/private"))).toBe("200");
    },
  );

  it("keeps the public page up while the store is out", async () => {
    store.fail("fetchById");
    expect(outcome(await first.get("/"))).toBe("200");
  });

  it.each(["/logout", "/revoke", "/revokeother", "/revokeall", "/password"])(
    "answers 503 to POST %s while the store is out, and still knows the session after it",
    async (path) => {
      store.fail("fetchById");
      expect(outcome(await first.post(path))).toBe("503");
      expect(outcome(await first.get("/private"))).toBe("200");
    },
  );

  it("keeps the account links of a signed-in user on the page for an unexpected error", async () => {
    class FullDisk extends Users {
      override async changePassword(): Promise<boolean> {
        throw new Error("no space left on device");
      }
    }
    const log = vi.spyOn(console, "error").mockReturnValue();
    const broken = await startSite(new Manager(new GatedStore()), { users: new FullDisk() });
    second.moveTo(broken.url);
    await second.post("/register", { name, password });
    const answer = await second.post("/password", { password, next: "battery staple" });
    expect(outcome(answer)).toBe("500");
    expect(answer.body).toContain(`<bdi>${name}</bdi>`);
    expect(answer.body).not.toContain("no space left");
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
    await broken.close();
  });

  it("keeps the account links where the store fails after it has found the session", async () => {
    store.fail("fetchByUserKey");
    const answer = await first.get("/private");
    expect(outcome(answer)).toBe("503");
    expect(answer.body).toContain(`<bdi>${name}</bdi>`);
  });

  it("shows no account links on a page that is not found while the store is out", async () => {
    store.fail("fetchById");
    const answer = await first.get("/nowhere");
    expect(outcome(answer)).toBe("404");
    expect(answer.body).not.toContain("<nav");
  });

  it("shows no notice that is older than a minute", async () => {
    await second.post("/login", { name, password });
    await first.post("/revokeother");
    clock.advance("61s");
    expect(noticeOn(await first.get("/private"))).toBeUndefined();
  });

  it("does not say that it signed out when the store fails at that", async () => {
    store.fail("deleteById");
    expect(outcome(await first.post("/logout"))).toBe("503");
    expect(outcome(await first.get("/private"))).toBe("200");
  });

  it("refuses a login whose password changed between its check and its session", async () => {
    const gate = store.hold("create");
    const login = second.post("/login", { name, password });
    await gate.arrived;
    expect(outcome(await first.post("/password", { password, next: "battery staple" }))).toMatch("303");
    gate.open();

    expect(outcome(await login)).toBe("401");
    expect(await second.cookies()).toEqual([]);
    expect(outcome(await second.get("/private"))).toBe("303 /login");
    expect(idsOn(await first.get("/private"))).toHaveLength(1);
  });

  it("tells when sessions began, were used and end", async () => {
    await second.post("/login", { name, password, remember: "1" });
    clock.advance("3h");
    await first.get("/private");
    clock.advance("5m");
    const { body } = await first.get("/private");
    const times = [...body.matchAll(/<time datetime="([^"]*)" title="([^"]*)">([^<]*)</g)].map((found) =>
      found.slice(1),
    );
    expect(times).toHaveLength(6);
    expect(times).toContainEqual(["2026-01-01T12:00:00.000Z", "1 Jan 2026, 12:00 UTC", "3 hours ago"]);
    expect(times).toContainEqual(["2026-01-01T15:05:00.000Z", "1 Jan 2026, 15:05 UTC", "just now"]);
    expect(times).toContainEqual(["2026-01-02T12:00:00.000Z", "2 Jan 2026, 12:00 UTC", "in 21 hours"]);
    expect(times).toContainEqual(["2026-01-31T12:00:00.000Z", "31 Jan 2026, 12:00 UTC", "in 30 days"]);
  });

  it("ends a session after 24 hours, a remembered one after 30 days", async () => {
    await second.post("/login", { name, password, remember: "1" });
    clock.advance("24h");
    expect(outcome(await first.get("/private"))).toBe("303 /login");
    clock.advance("28d");
    expect(outcome(await second.get("/private"))).toBe("200");
    clock.advance("1d");
    expect(outcome(await second.get("/private"))).toBe("303 /login");
  });
});
