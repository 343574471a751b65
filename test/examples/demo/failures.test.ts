import { TestClock } from "sessionup/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createManager } from "../../../examples/demo/manager.ts";
import { Users } from "../../../examples/demo/users.ts";
import { GatedStore } from "../../support/gated-store.ts";
import { Device, idsOn, noticeOn, outcome } from "./_curl.ts";
import { type Site, startSite } from "./site.ts";

vi.mock("node:crypto", async (original) => (await import("./quick-passwords.ts")).quickPasswords(original));

const name = "Ann";
const password = "correct horse";

describe("the demo during failures", () => {
  let store: GatedStore;
  let clock: TestClock;
  let site: Site;
  let first: Device;
  let second: Device;

  beforeEach(async () => {
    store = new GatedStore();
    clock = new TestClock();
    site = await startSite(createManager(store, { clock: clock.now }), { clock: clock.now });
    first = await Device.of(site.url);
    second = await Device.of(site.url);
    await first.post("/register", { name, password });
  });
  afterEach(async () => {
    await first.discard();
    await second.discard();
    await site.close();
  });

  it.each([
    "/private",
    "/activity",
    "/password",
    "/confirm",
    "/revokeother",
    "/revokeall",
    "/login",
    "/register",
  ])(
    "GET %s answers 503 during a store outage, without the login form, and keeps the cookie",
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

  it("the public page works during a store outage", async () => {
    store.fail("fetchById");
    expect(outcome(await first.get("/"))).toBe("200");
  });

  it.each(["/logout", "/name", "/revoke", "/revokeother", "/revokeall", "/confirm", "/password"])(
    "POST %s answers 503 during a store outage, and the session stays",
    async (path) => {
      store.fail("fetchById");
      expect(outcome(await first.post(path))).toBe("503");
      expect(outcome(await first.get("/private"))).toBe("200");
    },
  );

  it("the page of an unexpected error keeps the account links of a signed-in user", async () => {
    class FullDisk extends Users {
      override async changePassword(): Promise<boolean> {
        throw new Error("no space left on device");
      }
    }
    const log = vi.spyOn(console, "error").mockReturnValue();
    const broken = await startSite(createManager(new GatedStore()), { users: new FullDisk() });
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

  it("a store that fails after it found the session still shows the account links", async () => {
    store.fail("fetchByUserKey");
    const answer = await first.get("/private");
    expect(outcome(answer)).toBe("503");
    expect(answer.body).toContain(`<bdi>${name}</bdi>`);
  });

  it("a page that is not found shows no account links during a store outage", async () => {
    store.fail("fetchById");
    const answer = await first.get("/nowhere");
    expect(outcome(answer)).toBe("404");
    expect(answer.body).not.toContain("<nav");
  });

  it("a notice expires after a minute", async () => {
    await second.post("/login", { name, password });
    await first.post("/revokeother");
    clock.advance("61s");
    expect(noticeOn(await first.get("/private"))).toBeUndefined();
  });

  it("a logout that fails in the store answers 503, and the session stays", async () => {
    store.fail("deleteById");
    expect(outcome(await first.post("/logout"))).toBe("503");
    expect(outcome(await first.get("/private"))).toBe("200");
  });

  it("a login is rejected when the password changes between its check and its session", async () => {
    const gate = store.hold("create");
    const login = second.post("/login", { name, password });
    await gate.arrived;
    expect(outcome(await first.post("/password", { password, next: "battery staple" }))).toMatch("303");
    gate.open();

    expect(outcome(await login)).toBe("401");
    expect(await second.cookieNames()).toEqual(["__Host-sessionup-device"]);
    expect(outcome(await second.get("/private"))).toBe("303 /login");
    expect(idsOn(await first.get("/private"))).toHaveLength(1);
  });

  it("the devices page shows when sessions started, were last used and expire", async () => {
    await second.post("/login", { name, password, remember: "1" });
    clock.advance("3h");
    await first.get("/private");
    clock.advance("5m");
    const timesIn = async (zone: string) => {
      const { body } = await second.get("/private", "--header", `Cookie: timezone=${zone}`);
      return [...body.matchAll(/<time datetime="([^"]*)" title="([^"]*)">([^<]*)</g)].map((found) =>
        found.slice(1),
      );
    };
    // Versions of ICU put different words between the date and the time.
    const full = (day: string, time: string) =>
      expect.stringMatching(`^${day.replace(" ", ",? ")}.*${time}$`);
    const begin = "2026-01-01T12:00:00.000Z";
    expect(await timesIn("Europe/Berlin")).toEqual([
      [begin, full("Thursday 1 January 2026", "13:00:00 CET"), "Today, 13:00"],
      ["2026-01-31T12:00:00.000Z", full("Saturday 31 January 2026", "13:00:00 CET"), "in 30 days"],
      ["2026-01-01T15:00:00.000Z", full("Thursday 1 January 2026", "16:00:00 CET"), "5 minutes ago"],
      [begin, full("Thursday 1 January 2026", "13:00:00 CET"), "Today, 13:00"],
      ["2026-01-02T12:00:00.000Z", full("Friday 2 January 2026", "13:00:00 CET"), "in 21 hours"],
    ]);
    const signedIn = async (zone: string) => (await timesIn(zone))[0]?.[2];
    // The day depends on the zone. An unknown zone counts as the server's.
    expect(await signedIn("Pacific/Kiritimati")).toBe("Today, 02:00");
    expect(await signedIn("Asia/Karachi")).toBe("Today, 17:00");
    expect(await signedIn("Nowhere/<b>")).toMatch(/^\S+, \d\d:00$/);
    clock.advance("12h");
    expect(await signedIn("Europe/Berlin")).toBe("Yesterday, 13:00");
    clock.advance("2d");
    expect(await signedIn("Europe/Berlin")).toBe("1 Jan 2026, 13:00");
  });

  it("signing out everywhere needs a password that was entered in the last two minutes", async () => {
    await second.post("/login", { name, password });
    clock.advance("3m");
    expect(outcome(await first.get("/revokeall"))).toBe("303 /confirm");
    expect(outcome(await first.post("/revokeall"))).toBe("303 /confirm");
    for (const wrong of ["", "wrong horse"])
      expect((await first.post("/confirm", { password: wrong })).status).toBeGreaterThanOrEqual(400);
    expect(outcome(await first.post("/revokeall"))).toBe("303 /confirm");
    expect(outcome(await second.get("/private"))).toBe("200");
    expect(outcome(await first.post("/confirm", { password }))).toBe("303 /revokeall");
    expect(outcome(await first.get("/revokeall"))).toBe("200");
    expect(outcome(await first.post("/revokeall"))).toBe("303 /login");
    expect(outcome(await second.get("/private"))).toBe("303 /login");
  });

  it("a session without an account is signed out", async () => {
    const manager = createManager(store, { clock: clock.now });
    const withoutAccounts = await startSite(manager, { clock: clock.now });
    first.moveTo(withoutAccounts.url);
    expect(outcome(await first.get("/private"))).toBe("303 /login");
    expect(outcome(await first.get("/login"))).toBe("200");
    await withoutAccounts.close();
  });

  it("a session that expired says so on the sign-in page", async () => {
    clock.advance("24h");
    expect(outcome(await first.get("/private"))).toBe("303 /login");
    expect(noticeOn(await first.get("/login"))).toBe("You were signed out because your session expired.");
  });

  it("a session ends after 24 hours, and a remembered one after 30 days", async () => {
    await second.post("/login", { name, password, remember: "1" });
    clock.advance("24h");
    expect(outcome(await first.get("/private"))).toBe("303 /login");
    clock.advance("28d");
    expect(outcome(await second.get("/private"))).toBe("200");
    clock.advance("1d");
    expect(outcome(await second.get("/private"))).toBe("303 /login");
  });
});
