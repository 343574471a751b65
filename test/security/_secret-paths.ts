import { randomBytes } from "node:crypto";
import Database from "libsql";
import { type Session, SessionError } from "sessionup";
import { revokeAllBefore } from "sessionup/admin";
import { auditLog } from "sessionup/audit";
import { bearer, initBearer } from "sessionup/bearer";
import { clientValidation } from "sessionup/client-validation";
import { contextSessions } from "sessionup/context";
import { providerLogin, revokeByProviderSession } from "sessionup/federation";
import { liveSessions } from "sessionup/live";
import { openTelemetry } from "sessionup/opentelemetry";
import { createFlash, createPocket } from "sessionup/pocket";
import { previousCookies } from "sessionup/previous-cookies";
import { recognition } from "sessionup/recognition";
import { sessionPolicy } from "sessionup/report";
import { formToken, revocationToken, revokeByToken, verifyFormToken } from "sessionup/signed";
import { sqliteAudit, sqliteStore } from "sessionup/stores/sqlite";
import { expect } from "vitest";
import { z } from "zod";
import { STORE_METHODS } from "../../src/lifecycle/repository.ts";
import { Browser, type TestRequest } from "../support/browser.ts";
import { GatedStore } from "../support/gated-store.ts";
import { TelemetryRecorder } from "../support/telemetry-recorder.ts";
import { AuditPlaces } from "./_audit-places.ts";
import { KEY, type Options, type Tally, WatchedSite } from "./_watched-site.ts";
import { type Witness, watched } from "./witness.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";
const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const ISSUER = "https://login.example.com";
const STRANGER = "0".repeat(22);
const AUDIT_KEY = randomBytes(32).toString("base64");

/** Creates the sites of a run. Each path asserts its results, so that a changed behavior cannot silently skip code. */
export type Start = (options?: Options, store?: GatedStore) => WatchedSite;
export type Path = (start: Start) => Promise<void>;

export function starter(witness: Witness, tally: Tally): Start {
  return (options, store) => new WatchedSite(witness, tally, options, store);
}

function twin(browser: Browser): Browser {
  const copy = new Browser(browser.headers);
  for (const [name, value] of browser.jar) copy.jar.set(name, value);
  return copy;
}

/** Creates a pocket and flash messages over the sessions of a site. */
function openPocket(site: WatchedSite) {
  const schema = z.object({ verifier: z.string() });
  const options = { values: { login: { schema } } };
  return { pocket: createPocket(site.sessions, options), flash: createFlash(site.sessions) };
}

const withHeaders =
  (headers: Readonly<Record<string, string>>) =>
  (request: TestRequest): TestRequest =>
    Object.assign(request, { headers: { ...request.headers, ...headers } });

/** Every method for an authenticated request. */
const METHODS: Readonly<
  Record<string, (request: TestRequest, sessions: WatchedSite["sessions"]) => unknown>
> = {
  init: (request, sessions) => sessions.init(request, "ann"),
  get: (request, sessions) => sessions.get(request),
  fetchAll: (request, sessions) => sessions.fetchAll(request),
  rotate: (request, sessions) => sessions.rotate(request),
  reauthenticate: (request, sessions) => sessions.reauthenticate(request, { level: 2, expiresIn: "5m" }),
  updateMeta: (request, sessions) => sessions.updateMeta(request, () => ({ theme: "dark" })),
  revokeOther: (request, sessions) => sessions.revokeOther(request),
  revokeOwn: (request, sessions) => sessions.revokeOwn(request, STRANGER),
  revoke: (request, sessions) => sessions.revoke(request),
  revokeAll: (request, sessions) => sessions.revokeAll(request),
};

/** Begins, uses and ends sessions in every way that an audit log records. Clients put their secrets into every part of a request. */
async function recordSessions(site: WatchedSite): Promise<void> {
  const login = (userKey = "ann") =>
    site.login(userKey, { meta: { theme: "light" }, level: 2 }, new Browser({ "user-agent": FIREFOX }));
  const { browser } = await login();
  const token = String([...browser.jar.values()]);
  for (const call of Object.values(METHODS)) {
    const { browser: other } = await login();
    expect(await site.visit(other, call)).not.toBeInstanceOf(Error);
  }
  const form = await login();
  const formed = await site.visit(form.browser, async (request, sessions) => {
    await sessions.get(request);
    return formToken(sessions, request);
  });
  const secret = `${token} ${formed}`;
  const strange = {
    "user-agent": `${CHROME} ${secret}`,
    "x-forwarded-for": secret,
    "accept-language": secret,
  };
  const { browser: owner } = await login();
  expect(await site.auth(owner, {}, withHeaders(strange))).toBeUndefined();
  const evil = { ...strange, origin: `https://${token.slice(-20)}.example`, "sec-fetch-site": "cross-site" };
  expect(await site.auth(owner, {}, withHeaders(evil))).toMatchObject({ code: "ERR_CROSS_ORIGIN" });
  const cookies = [...owner.jar].map(([name, value]) => `${name}=${value}${token}`).join("; ");
  expect((await site.auth(new Browser({ cookie: cookies })))?.reason).toBe("malformed");
  const thief = twin(owner);
  await site.visit(owner, METHODS.rotate as never);
  await site.auth(owner);
  site.clock.advance("31s");
  expect((await site.auth(thief))?.reason).toBe("reused");
  const { id } = await login("bob");
  expect(await site.manager.revokeById(id, { by: { kind: "admin", id: "grace" } })).toBe(true);
  await login("cid");
  site.clock.advance("2d");
  expect(await site.store.deleteExpired(site.clock.now(), 100)).toBeGreaterThan(0);
}

export const PATHS: Readonly<Record<string, Path>> = {
  async "the methods for a request"(start) {
    const site = start({ clearSiteData: ["cache", "storage"], maxMetaBytes: 100 });
    const { browser, id } = await site.login("ann", {
      meta: { theme: "light" },
      level: 2,
      expiresIn: "30d",
      by: { kind: "admin", id: "grace" },
    });
    const loaded = await site.visit(browser, async (request, sessions) => {
      await sessions.get(request);
      return [sessions.current(request), sessions.require(request)];
    });
    expect(loaded).toMatchObject([{ id }, { id }]);
    for (const call of Object.values(METHODS)) {
      const other = await site.login("ann", {}, twin(browser));
      expect(await site.visit(other.browser, call)).not.toBeInstanceOf(Error);
      expect(await site.visit(new Browser(), call)).not.toBeInstanceOf(Error);
    }
    const [one, two] = [await site.login("bob"), await site.login("bob")];
    expect(await site.visit(one.browser, (request, sessions) => sessions.revokeOwn(request, two.id))).toBe(
      true,
    );
    const foreign = (await site.login("ann")).id;
    const refused = await site.visit(one.browser, (request, sessions) =>
      sessions.revokeOwn(request, foreign),
    );
    expect(refused).toMatchObject({ code: "ERR_NOT_OWNER" });
    expect(await site.visit(one.browser, (request, sessions) => sessions.revokeOwn(request, one.id))).toBe(
      true,
    );
    site.look();
  },

  async "misuse by the app"(start) {
    const site = start({ maxMetaBytes: 100 });
    const { browser } = await site.login();
    const token = [...browser.jar.values()].join();
    const wrong: Array<(request: TestRequest, sessions: WatchedSite["sessions"]) => unknown> = [
      (request, sessions) => sessions.current(request),
      (request, sessions) => sessions.require(request),
      (request, sessions) => formToken(sessions, request),
      (request, sessions) => sessions.init(request, ""),
      (request, sessions) => sessions.init(request, "ann", { [token.slice(-5)]: token } as never),
      (request, sessions) => sessions.init(request, "ann", { expiresIn: token as never }),
      (request, sessions) => sessions.init(request, "ann", { level: token as never }),
      (request, sessions) => sessions.init(request, "ann", { provider: token as never }),
      (request, sessions) => sessions.reauthenticate(request, { expiresIn: token as never }),
      (request, sessions) => sessions.revokeOwn(request, [token] as never),
      (request, sessions) => sessions.updateMeta(request, token as never),
      (request, sessions) => sessions.updateMeta(request, () => ({ theme: 5 }) as never),
      (request, sessions) => sessions.updateMeta(request, () => ({ theme: token.repeat(9) }) as never),
    ];
    for (const use of wrong) expect(await site.visit(browser, use)).toBeInstanceOf(Error);
    expect(site.tally.names("codes")).toContain("ERR_META_INVALID");
    const late = await site.visit(browser, METHODS.rotate as never, (request) => {
      request.sent = true;
      return request;
    });
    expect(late).toMatchObject({ code: "ERR_HEADERS_SENT" });
    const options: Options[] = [
      { keys: [KEY, "short"] },
      { keys: KEY as never },
      { keys: [KEY], cookie: { name: "a b" } },
      { keys: [KEY], recognize: { sessions: false } as never },
      { client: { ip: "hash" } },
      { keys: [KEY], generateSecret: () => token.slice(-21) },
      { keys: [KEY], generateSecret: () => token },
      { keys: [KEY], generateSecret: () => token.slice(-43) },
      { keys: [KEY], nist: KEY as never },
    ];
    for (const made of options) {
      const { keys, ...rest } = made;
      expect(
        await site.see("a manager", () =>
          site.manager.with({ keys: undefined as never, ...rest, ...(keys && { keys }) }),
        ),
      ).toBeInstanceOf(TypeError);
    }
  },

  async "each reason to reject a request"(start) {
    const site = start({
      tombstones: "1h",
      idleTimeout: "30m",
      expiresIn: "2h",
      maxSessions: { max: 2, onExceed: "evict-idlest" },
    });
    const reason = async (browser: Browser, options = {}) => (await site.auth(browser, options))?.reason;
    const cookie = (browser: Browser) => [...browser.jar][0] as [string, string];
    expect(await reason(new Browser())).toBe("no_cookie");
    const ann = await site.login();
    const [name, token] = cookie(ann.browser);
    const junk = new Browser();
    junk.jar.set(name, `${token}.`);
    expect(await reason(junk)).toBe("malformed");
    const guessed = new Browser();
    guessed.jar.set(name, `${token.slice(0, -65)}${"x".repeat(65)}`);
    expect(await reason(guessed)).toBe("unknown");
    const bob = await site.login("bob");
    const both = await site.auth(
      new Browser(),
      {},
      withHeaders({ cookie: `${name}=${token}; ${name}=${cookie(bob.browser)[1]}` }),
    );
    expect(both?.reason).toBe("malformed");
    // A duplicate cookie with one invalid value.
    const doubled = `${name}=${token}; ${name}=${token.slice(0, -5)}00000`;
    expect(await site.auth(new Browser(), {}, withHeaders({ cookie: doubled }))).toBeUndefined();
    expect(await reason(ann.browser, { level: 2 })).toBe("stale_authentication");
    site.clock.advance("11m");
    expect(await reason(ann.browser, { maxAuthAge: "10m" })).toBe("stale_authentication");
    await site.login("ann");
    site.clock.advance("1m");
    const [copy] = [twin(ann.browser)];
    await site.login("ann");
    expect(await reason(copy)).toBe("evicted");
    const out = twin(bob.browser);
    await site.visit(bob.browser, METHODS.revoke as never);
    expect(await reason(out)).toBe("logout");
    const gone = await site.login("cid");
    expect(await site.see("revokeById", () => site.manager.revokeById(gone.id))).toBe(true);
    expect(await reason(gone.browser)).toBe("revoked");
    const idle = await site.login("dan");
    site.clock.advance("30m");
    expect(await reason(idle.browser)).toBe("idle");
    const old = await site.login("eve", { expiresIn: "5m" });
    site.clock.advance("5m");
    expect(await reason(old.browser)).toBe("expired");
  },

  async "metadata that has become invalid"(start) {
    const site = start({ maxMetaBytes: 1_000 });
    const { browser } = await site.login("ann", { meta: { theme: "light" } });
    const refuses = {
      version: 1 as const,
      vendor: "test",
      validate: (value: unknown) => ({ issues: [{ value }] }),
    };
    const strict = start({ meta: { "~standard": refuses } }, site.store);
    expect((await strict.auth(browser))?.reason).toBe("meta_invalid");
    const [listed] = (await strict.see("a list", () =>
      strict.manager.fetchByUserKey("ann"),
    )) as readonly Session[];
    expect(await strict.see("the metadata", () => listed?.meta)).toMatchObject({ code: "ERR_META_INVALID" });
    const throws = start(
      {
        meta: {
          "~standard": {
            ...refuses,
            validate: () => {
              throw new Error("down");
            },
          },
        },
      },
      site.store,
    );
    expect((await throws.auth(browser))?.reason).toBe("meta_invalid");
  },

  async "form tokens"(start) {
    const site = start();
    const [ann, bob] = [await site.login(), await site.login("bob")];
    const createToken = (browser: Browser) =>
      site.visit(browser, async (request, sessions) => {
        await sessions.get(request);
        return formToken(sessions, request);
      });
    const verify = (browser: Browser, text: unknown) =>
      site.visit(browser, async (request, sessions) => {
        await sessions.get(request);
        verifyFormToken(sessions, request, text);
      });
    const [own, foreign] = [await createToken(ann.browser), await createToken(bob.browser)];
    expect(await verify(ann.browser, own)).toBeUndefined();
    for (const wrong of [foreign, `${own}0`, String(own).replace(/.$/, "x"), undefined, { own }])
      expect(await verify(ann.browser, wrong)).toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    await site.visit(ann.browser, METHODS.rotate as never);
    expect(await verify(ann.browser, own)).toBeUndefined();
    expect(await createToken(new Browser())).toMatchObject({ reason: "no_cookie" });
  },

  async "values of a pocket"(start) {
    const site = start({ keys: [KEY] });
    const { pocket, flash } = openPocket(site);
    const secret = (text: string) => {
      site.witness.keep("a value of the pocket", text);
      return text;
    };
    const browser = new Browser();
    const verifier = secret("v".repeat(20) + STRANGER);
    const state = secret(`state ${STRANGER} of the first tab`);
    const put = (value: unknown, options?: object) =>
      site.visit(browser, (request) => pocket.put(request, "login", value as never, options));
    expect(await put({ verifier })).toBeUndefined();
    expect(await put({ verifier }, { key: state })).toBeUndefined();
    for (const wrong of [
      { verifier: [verifier] },
      { [verifier]: 1 },
      verifier,
      { verifier: verifier.repeat(90) },
    ])
      expect(await put(wrong)).toMatchObject({ code: "ERR_META_INVALID" });
    for (const options of [{ key: [state] }, { key: "" }, { ttl: state }])
      expect(await put({ verifier }, options)).toBeInstanceOf(TypeError);
    expect(await site.visit(browser, (request) => pocket.take(request, verifier as "login"))).toBeInstanceOf(
      TypeError,
    );
    const copy = twin(browser);
    const take = (client: Browser) =>
      site.visit(
        client,
        async (request) => (await pocket.take(request, "login", { key: state, once: true })) !== undefined,
      );
    expect(await take(browser)).toBe(true);
    expect(await take(copy)).toBe(false);
    site.store.fail("create", new Error("connection reset"));
    expect(
      await site.visit(twin(copy), (request) => pocket.take(request, "login", { once: true })),
    ).toMatchObject({ code: "ERR_STORE" });
    const token = await site.visit(browser, (request) => pocket.formToken(request));
    const verify = (text: unknown) =>
      site.visit(browser, async (request) => pocket.verifyFormToken(request, text));
    expect(await verify(token)).toBeUndefined();
    expect(await verify(`${token}0`)).toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    const message = secret(`message ${STRANGER}`);
    expect(await site.visit(browser, (request) => flash.add(request, "info", message))).toBeUndefined();
    expect(
      await site.visit(browser, (request) => flash.add(request, "info", message.repeat(99))),
    ).toMatchObject({ code: "ERR_META_INVALID" });
    await site.see("the pocket", () => [pocket, flash]);
  },

  async "revocation links"(start) {
    const site = start({ keys: [KEY] });
    const [one, two] = [await site.login(), await site.login()];
    const link = (id: string, options?: { expiresIn: "1h" }) => {
      const text = revocationToken(site.manager, id, options);
      site.witness.keep("a link's token", text.slice(id.length + 1));
      return text;
    };
    const [first, late] = [link(one.id), link(two.id, { expiresIn: "1h" })];
    const ends = (text: unknown) => site.see("revokeByToken", () => revokeByToken(site.manager, text));
    expect([await ends(first), await ends(first)]).toEqual([true, false]);
    site.clock.advance("1h");
    expect(await ends(late)).toBe(false);
    const good = link(two.id);
    for (const forged of [good.replace(/.$/, "x"), good.replace(two.id, one.id), `${good}0`, null, [good]])
      expect(await ends(forged)).toBe(false);
    site.store.fail("deleteById", new Error(`DELETE ${two.id}: connection reset`));
    expect(await ends(good)).toMatchObject({ code: "ERR_STORE" });
    expect(await site.see("revocationToken", () => revocationToken(site.manager, good))).toBeInstanceOf(
      TypeError,
    );
    expect(await ends(good)).toBe(true);
  },

  async "signals of sessions that end"(start) {
    const site = start({ live: liveSessions() });
    const { browser, id } = await site.login("ann", { meta: { theme: "light" } });
    const signal = await site.visit(
      browser,
      async (request, sessions) => (await sessions.get(request))?.signal,
    );
    expect(signal).toMatchObject({ aborted: false });
    await site.manager.revokeById(id);
    expect(await site.see("signal", () => (signal as AbortSignal).reason)).toMatchObject({
      reason: "revoked",
    });
  },

  async "metrics and traces"(start) {
    const { trace, metrics, spans, points } = new TelemetryRecorder();
    const site = start({ telemetry: openTelemetry({ trace, metrics }) });
    const { browser } = await site.login("ann", { meta: { theme: "light" } });
    await site.visit(browser, (request, sessions) => sessions.rotate(request));
    site.store.fail("fetchById");
    await site.visit(browser, (request, sessions) => sessions.fetchAll(request));
    await site.visit(browser, (request, sessions) => sessions.revokeAll(request));
    expect(spans.length).toBeGreaterThan(5);
    expect(points.length).toBeGreaterThan(5);
    for (const { attributes, exceptions } of spans) site.witness.see("a span", { attributes, exceptions });
    for (const point of points) site.witness.see("a measurement", point);
  },

  async "an audit log, and the trail of a store"(start) {
    const { witness } = start();
    witness.keep("a key of the trail", AUDIT_KEY);
    const places = await AuditPlaces.open();
    const database = new Database(":memory:");
    const store = sqliteStore(database, { audit: sqliteAudit(), cleanupEvery: false });
    await store.migrate();
    const kinds = ["begun", "elevated", "rotated", "client_changed", "rejected", "ended"];
    for (const stored of [undefined, watched(store, witness)]) {
      const site = start(
        {
          client: { ip: "hash", geo: () => ({ country: "NL" }) },
          validate: clientValidation({ agent: true, onChange: "report" }),
          idleTimeout: "30m",
          trustProxy: 1,
        },
        stored as GatedStore | undefined,
      );
      const audit = auditLog(site.manager, { to: places.createSinks(), keys: [AUDIT_KEY], sealEvery: "1h" });
      await recordSessions(site);
      await audit.flush();
      await site.see("the audit log", async () => [audit, await audit.head()]);
      if (stored)
        await site.see("the trail", async () => [
          audit.trail,
          await audit.trail.read(),
          await audit.trail.eraseUser("ann", { policy: "pseudonymize" }),
          await audit.trail.verify(),
          database.prepare("SELECT * FROM sessionup_sessions_audit").all(),
          database.prepare("SELECT * FROM sessionup_sessions_audit_head").all(),
        ]);
      await audit.close();
      const written = new Set(places.entries.splice(0).map(({ kind }) => kind));
      expect([...written]).toEqual(expect.arrayContaining(kinds));
    }
    const texts = await places.read();
    expect(texts.length).toBeGreaterThan(9);
    for (const text of texts) witness.see("the output of an audit log", text);
    await places.close();
    database.close();
  },

  async "recognized browsers and locations"(start) {
    let fails = false;
    const site = start({
      recognize: recognition({ sessions: true, device: true }),
      client: {
        ip: "hash",
        agent: true,
        geo: (ip) => {
          if (fails) throw new Error(`no location for ${ip}`);
          return { country: "NL" };
        },
        parse: (userAgent) => {
          if (fails) throw new Error(`cannot read ${userAgent}`);
          return { browser: "Firefox" };
        },
      },
      trustProxy: 1,
    });
    const browser = new Browser({ "user-agent": FIREFOX, "x-forwarded-for": "203.0.113.7" });
    for (const userKey of ["ann", "bob", "ann", "cid", "dan", "eve"]) await site.login(userKey, {}, browser);
    expect(browser.jar.size).toBe(2);
    const [name] = [...browser.jar.keys()].filter((each) => each.endsWith("-device"));
    browser.jar.set(String(name), `${browser.jar.get(String(name))}0`);
    fails = true;
    await site.login("ann", {}, browser);
    expect(await site.visit(browser, METHODS.fetchAll as never)).toHaveLength(1);
    for (const ip of [true, "prefix", false] as const) {
      const other = start({ client: { ip }, keys: [KEY] }, site.store);
      await other.login("ann", {}, browser);
    }
  },

  async "a cookie with a previous name"(start) {
    const store = watched(new GatedStore(), start().witness);
    const before = start({ cookie: { name: "sid", secure: false } }, store);
    const { browser } = await before.login("ann", { expiresIn: "1h" });
    const now = start(
      {
        cookie: {
          name: "app",
          path: "/",
          secure: true,
          httpOnly: true,
          sameSite: "lax",
          partitioned: true,
          previous: previousCookies([
            { name: "sid", secure: false },
            { name: "app", domain: "example.com" },
          ]),
        },
      },
      store,
    );
    const planted = twin(browser);
    expect(await now.auth(browser)).toBeUndefined();
    expect([...browser.jar.keys()]).toEqual(["__Host-app"]);
    // Cookies of both names, first for one session, then for two.
    planted.jar.set("__Host-app", String(browser.jar.get("__Host-app")));
    expect(await now.auth(planted)).toBeUndefined();
    const domain = start({ cookie: { name: "wide", domain: "example.com" } }, store);
    const wide = await domain.login("bob");
    store.fail("update", new Error("read only"));
    for (const [name, value] of wide.browser.jar) planted.jar.set(name, value);
    expect(await now.auth(planted)).toBeUndefined();
  },

  async "identity providers"(start) {
    const site = start();
    const expiresAt = new Date(site.clock.now() + 3_600_000);
    const { id, browser } = await site.login("ann", {
      provider: providerLogin({ issuer: ISSUER, sid: "s1", expiresAt }),
    });
    const ends = (sid: string) =>
      site.see("revokeByProviderSession", () =>
        revokeByProviderSession(site.manager, { issuer: ISSUER, sid }),
      );
    expect(await ends("s2")).toEqual([]);
    expect(await ends("")).toBeInstanceOf(TypeError);
    site.store.fail("deleteById", new Error(`DELETE ${id}`));
    expect(await ends("s1")).toMatchObject({ code: "ERR_STORE" });
    expect(await ends("s1")).toEqual([id]);
    expect((await site.auth(browser))?.reason).toBe("unknown");
    const over = providerLogin({ issuer: ISSUER, expiresAt: new Date(site.clock.now()) });
    const late = await site.visit(new Browser(), (request, sessions) =>
      sessions.init(request, "ann", { provider: over }),
    );
    expect(late).toMatchObject({ reason: "expired" });
    const poor = watched(new GatedStore(), site.witness);
    Object.assign(poor, { fetchByLink: undefined, deleteCreatedBefore: undefined, scan: undefined });
    const other = start({}, poor);
    const asked = () => revokeByProviderSession(other.manager, { issuer: ISSUER, sid: "s1" });
    expect(await other.see("revokeByProviderSession", asked)).toBeInstanceOf(TypeError);
    expect(
      await other.see("revokeAllBefore", () => revokeAllBefore(other.manager, expiresAt)),
    ).toBeInstanceOf(TypeError);
    const failing = watched(new GatedStore(), site.witness);
    failing.fetchByLink = async (link) => {
      throw new Error(`no answer after ${link.length} characters`);
    };
    const third = start({}, failing);
    const failed = () => revokeByProviderSession(third.manager, { issuer: ISSUER, sid: "s1" });
    expect(await third.see("revokeByProviderSession", failed)).toMatchObject({ code: "ERR_STORE" });
  },

  async "secrets that are rotated periodically"(start) {
    const site = start({ rotateEvery: "1m", tombstones: "1h" });
    const { browser } = await site.login();
    const first = twin(browser);
    site.clock.advance("1m");
    // The response is lost, so the secret stays pending until a later request receives it.
    expect(await site.auth(twin(browser))).toBeUndefined();
    site.clock.advance("31s");
    expect(await site.auth(browser)).toBeUndefined();
    const second = twin(browser);
    expect(await site.auth(browser)).toBeUndefined();
    // The secret is retired, and its grace period has not ended.
    expect(await site.auth(first)).toBeUndefined();
    expect(await site.visit(twin(first), METHODS.reauthenticate as never)).not.toBeInstanceOf(Error);
    site.look();
    site.clock.advance("2m");
    site.store.fail("update", new Error("read only"));
    expect(await site.auth(second)).toBeUndefined();
    const conflict = site.store.hold("update");
    const [one, other] = [
      site.auth(twin(second)),
      conflict.arrived.then(() => site.visit(twin(second), METHODS.rotate as never)),
    ];
    await other;
    conflict.open();
    expect(await one).toBeUndefined();
    site.clock.advance("2m");
    expect((await site.auth(first))?.reason).toBe("reused");
    expect((await site.auth(second))?.reason).toBe("reused");
  },

  async "a changed client"(start) {
    for (const onChange of ["report", "reject", "end"] as const) {
      const site = start({
        validate: clientValidation({ ip: true, agent: true, onChange }),
        client: { ip: "hash" },
      });
      const { browser } = await site.login("ann", {}, new Browser({ "user-agent": FIREFOX }));
      const moved = twin(browser);
      moved.headers = { "user-agent": "curl/8.7.1" };
      const answer = await site.auth(moved, {}, (request) =>
        Object.assign(request, { peer: "198.51.100.9" }),
      );
      expect(answer?.reason).toBe(onChange === "report" ? undefined : "client_changed");
    }
  },

  async "cross-origin requests"(start) {
    const site = start({ trustedOrigins: ["https://app.example.com"] });
    const { browser } = await site.login();
    const evil = withHeaders({
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
      host: "example.com",
    });
    expect(await site.auth(browser, { touch: false }, evil)).toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    expect(await site.auth(browser, { crossOrigin: "allow" }, evil)).toBeUndefined();
    const publicly = await site.visit(
      browser,
      (request) => site.guards.public({ touch: false })(request),
      evil,
    );
    expect(publicly).toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    for (const call of Object.values(METHODS))
      expect(await site.visit(browser, call, evil)).toMatchObject({ code: "ERR_CROSS_ORIGIN" });
    site.tally.note("init", "crossOrigin");
    const back = await site.visit(
      browser,
      (request, sessions) => sessions.init(request, "ann", { crossOrigin: "allow" }),
      evil,
    );
    expect(back).toMatchObject({ userKey: "ann" });
  },

  async "session limits and duplicate ids"(start) {
    for (const onExceed of ["evict-oldest", "evict-idlest", "reject"] as const) {
      const site = start({ maxSessions: { max: 1, onExceed }, nist: "aal2" });
      const first = await site.login();
      const second = await site.visit(new Browser(), METHODS.init as never);
      if (onExceed === "reject") expect(second).toMatchObject({ code: "ERR_LIMIT" });
      else expect((await site.auth(first.browser))?.reason).toBe("unknown");
    }
    let count = 0;
    const site = start({ generateId: () => (count++ < 2 ? `${"a".repeat(20)}${count}` : "b".repeat(20)) });
    await site.login();
    expect(await site.visit(new Browser(), METHODS.init as never)).toMatchObject({
      code: "ERR_DUPLICATE_ID",
    });
  },

  async "mass revocation"(start) {
    const site = start({ notBefore: new Date(0) });
    const [ann, bob] = [await site.login(), await site.login("bob")];
    const phone = await site.login();
    site.clock.advance("1m");
    const moment = new Date(site.clock.now());
    const other = site.manager.with({ cookie: { name: "admin" }, keys: [KEY] });
    site.listen(other);
    site.witness.see("another manager", other);
    site.manager.notBefore = moment;
    expect(await site.see("notBefore", () => site.manager.notBefore)).toEqual(moment);
    expect((await site.auth(ann.browser))?.reason).toBe("revoked");
    expect(await site.see("a list", () => site.manager.fetchByUserKey("ann"))).toEqual([]);
    site.manager.notBefore = undefined;
    expect(await site.see("a list", () => site.manager.fetchByUserKey("ann"))).toHaveLength(1);
    expect(await site.see("revokeByUserKey", () => site.manager.revokeByUserKey("ann"))).toEqual([phone.id]);
    const all = () => revokeAllBefore(site.manager, moment);
    const { scan } = site.store;
    site.store.scan = async () => {
      throw new Error(`${bob.id} is locked`);
    };
    expect(await site.see("revokeAllBefore", all)).toMatchObject({ code: "ERR_STORE" });
    site.store.scan = scan;
    expect(await site.see("revokeAllBefore", all)).toBe(1);
    expect((await site.auth(bob.browser))?.reason).toBe("unknown");
    site.tally.note("Manager", "events");
    expect(sessionPolicy(site.manager).words.length).toBeGreaterThan(0);
    await site.manager.close();
    site.look();
  },

  async "store failures in every method"(start) {
    const guard = (request: TestRequest, _sessions: unknown, site: WatchedSite) =>
      site.guards.auth()(request);
    for (const method of STORE_METHODS) {
      let failed = 0;
      for (const call of [...Object.values(METHODS), guard]) {
        const site = start({ recognize: recognition(), rotateEvery: "1m" });
        const { browser, id } = await site.login("ann", { meta: { theme: "light" } });
        const doubled = [...browser.jar].map(
          ([name, value]) => `${name}=${value}; ${name}=${value.slice(0, -9)}000000000`,
        );
        site.clock.advance("61s");
        site.store.calls.length = 0;
        site.store.fail(method, new Error(`${method} ${id}: connect ECONNREFUSED`, { cause: { id } }));
        const several = method === "fetchByIds" ? withHeaders({ cookie: doubled.join("; ") }) : undefined;
        const answer = await site.visit(
          browser,
          (request, sessions) => call(request, sessions, site),
          several,
        );
        if (site.store.calls.includes(method)) failed++;
        if (answer instanceof Error) expect(answer).toMatchObject({ code: "ERR_STORE" });
      }
      expect([method, failed]).not.toEqual([method, 0]);
    }
    const site = start();
    expect(
      await site.see("close", () => {
        site.store.close = async () => Promise.reject(new Error("not open"));
        return site.manager.close();
      }),
    ).toMatchObject({ code: "ERR_STORE" });
  },

  async "event listeners that throw"(start) {
    const site = start();
    const events = site.manager.events;
    for (const name of ["created", "ended", "rotated", "rejected", "moved", "error"] as const) {
      events.on(name, (event) => {
        throw new Error("a listener", { cause: event });
      });
      events.on(name, async (event) => Promise.reject(Object.assign(new Error("later"), { event })));
    }
    const { browser } = await site.login();
    await site.visit(browser, METHODS.rotate as never);
    await site.visit(browser, METHODS.revoke as never);
    expect((await site.auth(browser))?.reason).toBe("no_cookie");
  },

  async "the ready-made routes"(start) {
    const site = start({ tombstones: "1h" });
    const { browser } = await site.login();
    const other = await site.login();
    await site.login();
    const ask = async (method: string, path: string, who = browser) => {
      const answer = await site.visit(who, (request) => site.routes(request, { method, path }));
      return (answer as { status?: number }).status;
    };
    expect(await ask("GET", "/session")).toBe(200);
    expect(await ask("GET", "/sessions")).toBe(200);
    expect(await ask("DELETE", `/sessions/${other.id}`)).toBe(204);
    expect(await ask("DELETE", `/sessions/${STRANGER}`)).toBe(404);
    expect(await ask("GET", "/session", other.browser)).toBe(401);
    expect(await ask("PUT", "/session")).toBe(405);
    site.store.fail("fetchById", new Error(`GET ${other.id}`));
    expect(await ask("GET", "/sessions")).toBe(503);
    site.clock.advance("11m");
    expect(await ask("DELETE", "/sessions")).toBe(401);
    await site.visit(browser, METHODS.reauthenticate as never);
    expect(await ask("DELETE", "/sessions")).toBe(200);
    expect(await ask("POST", "/logout-all")).toBe(200);
    expect(await ask("POST", "/logout")).toBe(204);
  },

  async "native clients"(start) {
    const site = start({ transports: ["cookie", bearer()], rotateEvery: "1m", tombstones: "1h" });
    const tokens: string[] = [];
    /** Logs an app in and keeps its token, which is for the app alone. */
    const login = async (app = new Browser(), options = {}) => {
      const session = await site.visit(app, async (request, sessions) => {
        const begun = await initBearer(sessions, request, "ann", options);
        site.witness.keepCookie(begun.token);
        tokens.push(begun.token);
        return begun.session;
      });
      expect(session).toMatchObject({ kind: "app" });
      return new Browser({ authorization: `Bearer ${tokens.at(-1)}` });
    };
    const app = await login(new Browser(), { deviceName: "phone" });
    for (const [name, call] of Object.entries(METHODS)) {
      const other = await login(twin(app));
      const answer = await site.visit(other, call);
      if (name === "init") expect(answer).toMatchObject({ reason: "malformed" });
      else expect(answer).not.toBeInstanceOf(Error);
    }
    const { browser } = await site.login();
    const current = await login();
    // Both carriers, the token of the other one, and a token in the name of the device or of a header.
    const both = new Browser({ ...current.headers });
    for (const [name, value] of browser.jar) both.jar.set(name, value);
    expect((await site.auth(both))?.reason).toBe("malformed");
    const [cookie] = [...browser.jar.values()];
    expect((await site.auth(new Browser({ authorization: `Bearer ${cookie}` })))?.reason).toBe("unknown");
    const late = await site.visit(current, METHODS.rotate as never, (request) =>
      Object.assign(request, { sent: true }),
    );
    expect(late).toMatchObject({ code: "ERR_HEADERS_SENT" });
    const invalid = () => bearer({ header: `${String(tokens[0]).slice(30)} ` });
    expect(await site.see("bearer", invalid)).toBeInstanceOf(TypeError);
    site.clock.advance("1m");
    expect(await site.auth(current)).toBeUndefined();
    const refreshed = (request: TestRequest) =>
      site.routes(request, { method: "POST", path: "/session/refresh" });
    expect(await site.visit(await login(), refreshed)).toMatchObject({ status: 204 });
    const appsOnly = start({ transports: [bearer()] }, site.store);
    expect(await appsOnly.visit(new Browser(), METHODS.init as never)).toBeInstanceOf(TypeError);
    site.look();
  },

  async "sessionup/context"(start) {
    const site = start();
    const bound = contextSessions(site.sessions);
    const { browser, id } = await site.login();
    expect(await site.visit(browser, (request) => bound.run(request, () => bound.require()))).toMatchObject({
      id,
    });
    expect(await site.visit(browser, (request) => bound.run(request, () => formToken(bound)))).toMatch(
      /^\w+\.\w+$/,
    );
    expect(await site.see("bound methods", () => bound.get())).toBeInstanceOf(TypeError);
    site.witness.see("the bound methods", bound);
    expect(
      SessionError.is(
        await site.visit(browser, (request) => bound.run(request, () => verifyFormToken(bound, "x"))),
      ),
    ).toBe(true);
  },
};
