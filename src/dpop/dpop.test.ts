import { describe, expect, it } from "vitest";
import { Browser, TestRequest, testSessions } from "../../test/support/browser.ts";
import { Prover, toAth } from "../../test/support/dpop-proof.ts";
import { RFC_LOGIN, RFC_REQUEST, RFC_THUMBPRINT } from "../../test/support/dpop-vectors.ts";
import { GatedStore } from "../../test/support/gated-store.ts";
import { createHarness } from "../../test/support/harness.ts";
import { bearer, initBearer } from "../bearer/bearer.ts";
import { Manager, type ManagerOptions } from "../index.ts";
import { getLifecycle } from "../lifecycle/lifecycle.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import { type DpopOptions, dpop } from "./dpop.ts";

const BASE = "https://api.example.com";
const ALGS = 'algs="ES256 ES384 Ed25519 EdDSA PS256 RS256"';
const BARE = `Bearer realm="sessions", DPoP ${ALGS}`;
const WRONG_PROOF = `Bearer realm="sessions", DPoP error="invalid_dpop_proof", ${ALGS}`;
const WRONG_TOKEN = `Bearer realm="sessions", DPoP error="invalid_token", ${ALGS}`;

type Members = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string>>;

interface Changes {
  readonly claims?: Members;
  readonly header?: Members;
  readonly by?: Prover;
}

/** Creates a manager that accepts proofs, and a client with a key of its own. */
async function setUp(options: Partial<DpopOptions> = {}, more: ManagerOptions = {}, store?: GatedStore) {
  const transport = bearer({ dpop: dpop({ baseUrl: BASE, ...options }) });
  const harness = createHarness({ transports: ["cookie", transport], ...more }, store);
  const { clock, sessions } = harness;
  const prover = await Prover.create();

  function prove(
    path: string,
    token?: string,
    { claims, header, by = prover }: Changes = {},
  ): Promise<string> {
    const iat = Math.floor(clock.now() / 1_000);
    const ath = token === undefined ? {} : { ath: toAth(token) };
    return by.prove({ htm: "POST", htu: BASE + path, iat, ...ath, ...claims }, header);
  }
  async function logIn(headers?: Headers, userKey = "ann") {
    const request = new TestRequest(headers ?? { dpop: await prove("/login") });
    request.url = "/login";
    const { session, token } = await initBearer(sessions, request, userKey);
    return { session, token, request };
  }
  /** Sends a request for `/data` and returns it with the reason of its rejection. */
  async function send(headers: Headers, over = sessions) {
    const request = new TestRequest(headers);
    request.url = "/data";
    const reason = await over.authorize(request);
    return { request, reason, challenge: request.responseHeaders.get("www-authenticate") };
  }
  /** Returns the headers of a request for `/data` with the token and a proof. */
  async function present(token: string, changes?: Changes) {
    return { authorization: `DPoP ${token}`, dpop: await prove("/data", token, changes) };
  }
  /** Returns the calls of the store that may write, since the last call. */
  const takeWrites = () => harness.store.calls.splice(0).filter((method) => !method.startsWith("fetch"));
  return { ...harness, transport, prover, prove, logIn, send, present, takeWrites };
}

describe("dpop", () => {
  it.each<[options: unknown, message: RegExp]>([
    [{}, /^dpop\.baseUrl must be the URL at which clients reach the app, such as .* Received undefined\.$/],
    [{ baseUrl: "api.example.com" }, /^dpop\.baseUrl/],
    [{ baseUrl: "ftp://api.example.com" }, /^dpop\.baseUrl/],
    [{ baseUrl: "https://ann@api.example.com" }, /^dpop\.baseUrl/],
    [{ baseUrl: "https://api.example.com/?a" }, /^dpop\.baseUrl/],
    [{ baseUrl: [] }, /^dpop\.baseUrl/],
    [{ baseUrl: ["https://api.example.com", 1] }, /^dpop\.baseUrl/],
    [
      { baseUrl: BASE, algorithms: ["HS256"] },
      /^dpop\.algorithms must be an array of one or more of ES256, ES384, /,
    ],
    [{ baseUrl: BASE, algorithms: ["none"] }, /^dpop\.algorithms/],
    [{ baseUrl: BASE, algorithms: [["ES256"], 1] }, /^dpop\.algorithms/],
    [{ baseUrl: BASE, algorithms: [] }, /^dpop\.algorithms/],
    [{ baseUrl: BASE, window: 60 }, /^dpop\.window must be a duration/],
    [{ baseUrl: BASE, replay: "allow" }, /^dpop\.replay must be "reject" or "allow-within-window"/],
    [{ baseUrl: BASE, origin: BASE }, /^"origin" is not an option of dpop\./],
  ])("rejects the options %j", (options, message) => {
    expect(() => dpop(options as DpopOptions)).toThrow(TypeError);
    expect(() => dpop(options as DpopOptions)).toThrow(message);
  });

  it("binds a session to the key of the login's proof, and accepts requests with a proof by it", async () => {
    const { logIn, present, send, store } = await setUp();
    const { session, token, request } = await logIn();
    expect(request.cookies).toEqual([]);
    expect((await store.fetchById(session.id))?.data).toMatchObject({
      jkt: expect.stringMatching(/^[\w-]{43}$/),
    });
    for (let count = 0; count < 3; count++) {
      const { reason, challenge } = await send(await present(token));
      expect([reason, challenge]).toEqual([undefined, undefined]);
    }
  });

  it("accepts the examples of RFC 9449 for a login and for a request with its token", async () => {
    const { clock, sessions, manager, store } = await setUp({
      baseUrl: ["https://server.example.com", "https://resource.example.org"],
    });
    clock.set(RFC_LOGIN.iat * 1_000);
    const login = new TestRequest({ dpop: RFC_LOGIN.proof }, RFC_LOGIN.method);
    login.url = new URL(RFC_LOGIN.uri).pathname;
    const { session } = await initBearer(sessions, login, "ann");
    expect((await store.fetchById(session.id))?.data).toMatchObject({ jkt: RFC_THUMBPRINT });

    const proofs = dpop({ baseUrl: "https://resource.example.org" });
    const request = new TestRequest({ dpop: RFC_REQUEST.proof }, RFC_REQUEST.method);
    request.url = new URL(RFC_REQUEST.uri).pathname;
    const bound = { token: RFC_REQUEST.token, jkt: RFC_THUMBPRINT };
    expect(await proofs.verify(request, getLifecycle(manager), bound)).toBe("ok");
  });

  it("a login without a proof gets a plain bearer token, which needs no proof", async () => {
    const { logIn, present, send, takeWrites } = await setUp();
    const { token } = await logIn({});
    takeWrites();
    expect((await send({ authorization: `Bearer ${token}` })).reason).toBeUndefined();
    const { reason, challenge } = await send(await present(token));
    expect([reason, challenge]).toEqual([
      "malformed",
      `Bearer realm="sessions", error="invalid_token", DPoP ${ALGS}`,
    ]);
    expect(takeWrites()).toEqual([]);
  });

  it("a login with a wrong proof is rejected and writes nothing", async () => {
    const { prove, sessions, takeWrites } = await setUp();
    const wrong = ["", "x", await prove("/data"), `${await prove("/login")}, ${await prove("/login")}`];
    for (const proof of wrong) {
      const request = new TestRequest({ dpop: proof });
      request.url = "/login";
      await expect(initBearer(sessions, request, "ann")).rejects.toMatchObject({
        code: "ERR_UNAUTHORIZED",
        reason: "malformed",
      });
      expect(request.responseHeaders.get("www-authenticate")).toBe(
        `DPoP error="invalid_dpop_proof", ${ALGS}`,
      );
    }
    expect(takeWrites()).toEqual([]);
  });

  it("a login's proof counts once", async () => {
    const { logIn, prove } = await setUp();
    const proof = await prove("/login");
    await logIn({ dpop: proof });
    await expect(logIn({ dpop: proof })).rejects.toMatchObject({ reason: "malformed" });
  });

  it("a client logs in again with one proof for the old token and the new one", async () => {
    const { logIn, prove, send, present } = await setUp();
    const old = await logIn();
    const proof = await prove("/login", old.token);
    const { token } = await logIn({ authorization: `DPoP ${old.token}`, dpop: proof });
    expect((await send(await present(old.token))).reason).toBe("unknown");
    expect((await send(await present(token))).reason).toBeUndefined();
    await expect(logIn({ dpop: proof })).rejects.toMatchObject({ reason: "malformed" });
  });

  it("a new secret stays bound to the key, and its proof must name it", async () => {
    const { clock, logIn, send, present } = await setUp({}, { rotateEvery: "5m" });
    const { token } = await logIn();
    clock.advance("5m");
    const { request } = await send(await present(token));
    const next = request.responseHeaders.get("session-token") ?? "";
    expect(next).toMatch(new RegExp(`^${token.split(".")[0]}\\.`));
    expect((await send(await present(next, { claims: { ath: toAth(token) } }))).challenge).toBe(WRONG_PROOF);
    expect((await send({ authorization: `Bearer ${next}` })).challenge).toBe(WRONG_TOKEN);
    expect((await send(await present(next))).reason).toBeUndefined();
  });

  it("a replaced token ends the session as reused, whether or not a proof comes with it", async () => {
    for (const withProof of [true, false]) {
      const { clock, logIn, send, present } = await setUp({}, { rotateEvery: "5m" });
      const { token } = await logIn();
      clock.advance("5m");
      const { request } = await send(await present(token));
      const next = request.responseHeaders.get("session-token") ?? "";
      expect((await send(await present(next))).reason).toBeUndefined();
      clock.advance("31s");
      expect((await send(withProof ? await present(token) : { authorization: `DPoP ${token}` })).reason).toBe(
        "reused",
      );
      expect((await send(await present(next))).reason).toBe("unknown");
    }
  });

  it("logs out with a proof, and with none the session stays", async () => {
    const { logIn, send, present, sessions } = await setUp();
    const { token } = await logIn();
    await sessions.revoke(new TestRequest({ authorization: `DPoP ${token}` }));
    expect((await send(await present(token))).reason).toBeUndefined();
    const request = new TestRequest(await present(token));
    request.url = "/data";
    await sessions.revoke(request);
    expect((await send(await present(token))).reason).toBe("unknown");
  });

  it("a request with the scheme Bearer is answered without a promise, as without DPoP", async () => {
    const transport = bearer({ dpop: dpop({ baseUrl: BASE }) });
    const sessions = testSessions(new Manager(memoryStore(), { transports: [transport] }));
    const { token } = await initBearer(sessions, new TestRequest(), "ann");
    const request = new TestRequest({ authorization: `Bearer ${token}`, dpop: "ignored" });
    expect(sessions.guards.auth()(request)).toBeUndefined();
  });
});

describe("a rejected request", () => {
  const hour = 3_600;

  it.each<[about: string, changes: Changes]>([
    ["another method", { claims: { htm: "GET" } }],
    ["the method in lower case", { claims: { htm: "post" } }],
    ["another path", { claims: { htu: `${BASE}/login` } }],
    ["another origin", { claims: { htu: "https://evil.example/data" } }],
    ["http in place of https", { claims: { htu: "http://api.example.com/data" } }],
    ["a stale iat", { claims: { iat: Date.UTC(2026, 0, 1, 12) / 1_000 - 61 } }],
    ["a future iat", { claims: { iat: Date.UTC(2026, 0, 1, 12) / 1_000 + 61 } }],
    ["an iat in milliseconds", { claims: { iat: Date.UTC(2026, 0, 1, 12) } }],
    ["the iat of an hour ago", { claims: { iat: Date.UTC(2026, 0, 1, 12) / 1_000 - hour } }],
    ["the ath of another token", { claims: { ath: toAth("x") } }],
    ["no ath", { claims: { ath: undefined } }],
    ["no jti", { claims: { jti: undefined } }],
    ["alg none", { header: { alg: "none" } }],
    ["alg HS256", { header: { alg: "HS256" } }],
    ["the alg of another key", { header: { alg: "EdDSA" } }],
    ["typ JWT", { header: { typ: "JWT" } }],
    ["crit", { header: { crit: ["exp"] } }],
    ["no key", { header: { jwk: undefined } }],
    ["more than 8 kB", { claims: { more: "a".repeat(8_192) } }],
  ])("has a proof with %s, and costs no write", async (_about, changes) => {
    const { logIn, send, present, takeWrites } = await setUp();
    const { token } = await logIn();
    takeWrites();
    const { reason, challenge } = await send(await present(token, changes));
    expect([reason, challenge, takeWrites()]).toEqual(["malformed", WRONG_PROOF, []]);
    expect((await send(await present(token))).reason).toBeUndefined();
  });

  it("has a proof by another key", async () => {
    const { logIn, send, present, takeWrites } = await setUp();
    const { token } = await logIn();
    takeWrites();
    const { reason, challenge } = await send(await present(token, { by: await Prover.create() }));
    expect([reason, challenge, takeWrites()]).toEqual(["malformed", WRONG_TOKEN, []]);
  });

  it("has a proof with the session's key in its header, signed by another one", async () => {
    const { logIn, send, present, prover } = await setUp();
    const { token } = await logIn();
    const by = await Prover.create();
    expect((await send(await present(token, { by, header: { jwk: prover.jwk } }))).challenge).toBe(
      WRONG_PROOF,
    );
  });

  it("has a private key in its header", async () => {
    const { logIn, send, present, prover } = await setUp();
    const { token } = await logIn();
    const jwk = { ...prover.jwk, d: "AQAB" };
    expect((await send(await present(token, { header: { jwk } }))).challenge).toBe(WRONG_PROOF);
  });

  it("has an RSA key of 1 024 bits, with which no login is bound", async () => {
    const { logIn, prove } = await setUp();
    const by = await Prover.create("RS256", 1_024);
    await expect(logIn({ dpop: await prove("/login", undefined, { by }) })).rejects.toMatchObject({
      reason: "malformed",
    });
  });

  it("has an algorithm that is not in the list", async () => {
    const { logIn, send, prove } = await setUp({ algorithms: ["EdDSA"] });
    const { challenge } = await send({});
    expect(challenge).toBe('Bearer realm="sessions", DPoP algs="EdDSA"');
    await expect(logIn()).rejects.toMatchObject({ reason: "malformed" });
    const by = await Prover.create("EdDSA");
    expect(await logIn({ dpop: await prove("/login", undefined, { by }) })).toBeDefined();
  });

  it("has two headers, which the server has joined", async () => {
    const { logIn, send, present } = await setUp();
    const { token } = await logIn();
    const [first, second] = [await present(token), await present(token)];
    for (const proof of [`${first.dpop}, ${second.dpop}`, `${first.dpop},${second.dpop}`, `${first.dpop} `])
      expect((await send({ ...first, dpop: proof })).challenge).toBe(WRONG_PROOF);
    expect((await send(first)).reason).toBeUndefined();
  });

  it("has the token of a bound session without a proof, or with the scheme Bearer", async () => {
    const { logIn, send, present } = await setUp();
    const { token } = await logIn();
    expect((await send({ authorization: `DPoP ${token}` })).challenge).toBe(WRONG_PROOF);
    expect((await send({ authorization: `Bearer ${token}` })).challenge).toBe(WRONG_TOKEN);
    const { dpop: proof } = await present(token);
    expect((await send({ authorization: `Bearer ${token}`, dpop: proof })).challenge).toBe(WRONG_TOKEN);
  });

  it("has a cookie besides its token and proof", async () => {
    const { login, logIn, send, present } = await setUp();
    const { token } = await logIn();
    const browser = new Browser();
    await login(browser);
    const { cookie = "" } = browser.request().headers;
    expect((await send({ ...(await present(token)), cookie })).reason).toBe("malformed");
  });

  it("has the token of a bound session in the cookie", async () => {
    const { logIn, send, present } = await setUp();
    const { token } = await logIn();
    const cookie = `__Host-sessionup=${token}`;
    const { dpop: proof } = await present(token);
    expect((await send({ cookie, dpop: proof })).reason).toBe("unknown");
  });

  it("has a token that does not exist, and learns nothing about the proof", async () => {
    const { logIn, send, present, takeWrites } = await setUp();
    const { token } = await logIn();
    takeWrites();
    for (const headers of [
      await present(`x${token.slice(1)}`),
      { authorization: `DPoP x${token.slice(1)}` },
    ]) {
      const { reason, challenge } = await send(headers);
      expect([reason, challenge]).toEqual([
        "unknown",
        `Bearer realm="sessions", error="invalid_token", DPoP ${ALGS}`,
      ]);
    }
    expect(takeWrites()).toEqual([]);
  });

  it("has no credentials, and learns which algorithms the server accepts", async () => {
    const { send } = await setUp();
    const { reason, challenge } = await send({});
    expect([reason, challenge]).toEqual(["no_cookie", BARE]);
  });
});

describe("a proof that arrives again", () => {
  it("is rejected, and the session stays", async () => {
    const { logIn, send, present } = await setUp();
    const { token } = await logIn();
    const headers = await present(token);
    expect((await send(headers)).reason).toBeUndefined();
    const { reason, challenge } = await send(headers);
    expect([reason, challenge]).toEqual(["malformed", WRONG_PROOF]);
    expect((await send(await present(token))).reason).toBeUndefined();
  });

  it("is rejected by a process whose clock is late, although a cleanup of another one has run", async () => {
    const store = new GatedStore();
    const { clock, logIn, send, present } = await setUp({}, {}, store);
    const late = new TestClock();
    const slow = await setUp({}, { clock: late.now }, store);
    const { token } = await logIn();
    const headers = await present(token);
    expect((await send(headers)).reason).toBeUndefined();
    clock.advance("61s");
    late.advance("2s");
    await store.deleteExpired(clock.now(), 100);
    expect((await slow.send(headers)).reason).toBe("malformed");
    // Another proof of that moment is accepted there.
    const { dpop: proof } = await present(token, { claims: { iat: late.now() / 1_000 } });
    expect((await slow.send({ ...headers, dpop: proof })).reason).toBeUndefined();
  });

  it("is accepted once when two managers over one store read it at the same moment", async () => {
    const store = new GatedStore();
    const first = await setUp({}, {}, store);
    const second = await setUp({}, { clock: first.clock.now }, store);
    const { token } = await first.logIn();
    const headers = await first.present(token);
    const gates = [store.hold("create"), store.hold("create")];
    const answers = [first.send(headers), second.send(headers)];
    for (const { arrived } of gates) await arrived;
    for (const gate of gates) gate.open();
    const reasons = (await Promise.all(answers)).map(({ reason }) => reason ?? "accepted");
    expect(reasons.toSorted()).toEqual(["accepted", "malformed"]);
  });

  it("is accepted by each of two managers that guard one request, and by none of a second request", async () => {
    const { logIn, present, transport, manager, sessions } = await setUp();
    const apps = testSessions(manager.with({ transports: [transport] }));
    const { token } = await logIn();
    const headers = await present(token);
    const request = new TestRequest(headers);
    request.url = "/data";
    expect(await sessions.authorize(request)).toBeUndefined();
    expect(await apps.authorize(request)).toBeUndefined();
    const again = new TestRequest(headers);
    again.url = "/data";
    expect([await sessions.authorize(again), await apps.authorize(again)]).toEqual([
      "malformed",
      "malformed",
    ]);
  });

  it("costs one write where it is rejected, and none with allow-within-window", async () => {
    const strict = await setUp();
    const { token } = await strict.logIn();
    strict.takeWrites();
    await strict.send(await strict.present(token));
    expect(strict.takeWrites()).toEqual(["create"]);
    const loose = await setUp({ replay: "allow-within-window" });
    const other = await loose.logIn();
    loose.takeWrites();
    const headers = await loose.present(other.token);
    expect([(await loose.send(headers)).reason, (await loose.send(headers)).reason]).toEqual([
      undefined,
      undefined,
    ]);
    expect(loose.takeWrites()).toEqual([]);
    loose.clock.advance("61s");
    expect((await loose.send(headers)).reason).toBe("malformed");
  });

  it("has the same jti as the proof of another key, which is no replay", async () => {
    const { logIn, send, present, prove } = await setUp();
    const by = await Prover.create("EdDSA");
    const [ann, bob] = [
      await logIn(),
      await logIn({ dpop: await prove("/login", undefined, { by }) }, "bob"),
    ];
    const claims = { jti: "1" };
    expect((await send(await present(ann.token, { claims }))).reason).toBeUndefined();
    expect((await send(await present(bob.token, { claims, by }))).reason).toBeUndefined();
    expect((await send(await present(ann.token, { claims }))).reason).toBe("malformed");
  });

  it("has an iat with a fraction, which stores keep as a whole number", async () => {
    const { clock, logIn, send, present, store } = await setUp();
    const { token } = await logIn();
    const create = store.create;
    const deadlines: number[] = [];
    store.create = (record, options) => {
      deadlines.push(record.deadline);
      return create(record, options);
    };
    const claims = { iat: clock.now() / 1_000 + 0.000_4 };
    const headers = await present(token, { claims });
    expect((await send(headers)).reason).toBeUndefined();
    expect((await send(headers)).reason).toBe("malformed");
    expect(deadlines.map(Number.isInteger)).toEqual([true, true]);
  });
});

describe("failures", () => {
  it("a store that fails at the claim is a 503 and never a 401", async () => {
    const { logIn, prove, present, sessions, store } = await setUp();
    const { token } = await logIn();
    store.fail("create");
    const request = new TestRequest(await present(token));
    request.url = "/data";
    const error = await sessions.guards.auth()(request);
    expect(error).toMatchObject({ code: "ERR_STORE", status: 503 });
    expect(request.responseHeaders.get("www-authenticate")).toBeUndefined();
    store.fail("create");
    await expect(logIn({ dpop: await prove("/login") })).rejects.toMatchObject({ code: "ERR_STORE" });
  });

  it("an adapter that does not know the URL throws a TypeError that says so", async () => {
    const { logIn, present, sessions } = await setUp();
    const { token } = await logIn();
    const request = new TestRequest(await present(token));
    Object.assign(request, { source: undefined });
    await expect(sessions.authorize(request)).rejects.toThrow(/^dpop requires an adapter that knows the URL/);
  });
});

describe("dpop with nonces", () => {
  const keys = ["k".repeat(32)];
  const WANTS_NONCE = `Bearer realm="sessions", DPoP error="use_dpop_nonce", ${ALGS}`;

  /** Logs in with a nonce of the server, and returns it with the token. */
  async function begin(options: Partial<DpopOptions> = {}, more: ManagerOptions = {}) {
    const set = await setUp({ nonce: "5m", ...options }, { keys, ...more });
    const first = new TestRequest({ dpop: await set.prove("/login") });
    first.url = "/login";
    await expect(initBearer(set.sessions, first, "ann")).rejects.toMatchObject({ reason: "malformed" });
    expect(first.responseHeaders.get("www-authenticate")).toBe(`DPoP error="use_dpop_nonce", ${ALGS}`);
    const nonce = first.responseHeaders.get("dpop-nonce") ?? "";
    const { token } = await set.logIn({ dpop: await set.prove("/login", undefined, { claims: { nonce } }) });
    set.takeWrites();
    return { ...set, token, nonce };
  }

  it("asks for a nonce, and accepts a proof that contains it", async () => {
    const { send, present, takeWrites, token, nonce } = await begin();
    const without = await send(await present(token));
    expect([without.reason, without.challenge, takeWrites()]).toEqual(["malformed", WANTS_NONCE, []]);
    expect(without.request.responseHeaders.get("dpop-nonce")).toBe(nonce);
    const { reason, request } = await send(await present(token, { claims: { nonce } }));
    expect([reason, request.responseHeaders.get("dpop-nonce"), takeWrites()]).toEqual([
      undefined,
      undefined,
      ["create"],
    ]);
  });

  it("sends the next nonce when half of the time is over, and rejects the old one at its end", async () => {
    const { clock, send, present, token, nonce } = await begin();
    clock.advance("150s");
    expect(
      (await send(await present(token, { claims: { nonce } }))).request.responseHeaders.has("dpop-nonce"),
    ).toBe(false);
    clock.advance("1s");
    const { reason, request } = await send(await present(token, { claims: { nonce } }));
    const next = request.responseHeaders.get("dpop-nonce") ?? "";
    expect([reason, next === "", next === nonce]).toEqual([undefined, false, false]);
    clock.advance("149s");
    expect((await send(await present(token, { claims: { nonce } }))).reason).toBeUndefined();
    clock.advance("1s");
    expect((await send(await present(token, { claims: { nonce } }))).challenge).toBe(WANTS_NONCE);
    expect((await send(await present(token, { claims: { nonce: next } }))).reason).toBeUndefined();
  });

  it("counts the time of the nonce in place of the client's clock", async () => {
    const { send, present, token, nonce } = await begin();
    for (const iat of [0, 2 ** 40, 1e308])
      expect((await send(await present(token, { claims: { nonce, iat } }))).reason).toBeUndefined();
    const headers = await present(token, { claims: { nonce, iat: 0 } });
    expect([(await send(headers)).reason, (await send(headers)).reason]).toEqual([undefined, "malformed"]);
  });

  it("rejects a replay for as long as the nonce is valid", async () => {
    const { clock, send, present, store, token, nonce } = await begin();
    const headers = await present(token, { claims: { nonce } });
    expect((await send(headers)).reason).toBeUndefined();
    clock.advance("300s");
    await store.deleteExpired(clock.now(), 100);
    const { reason, challenge } = await send(headers);
    expect([reason, challenge]).toEqual(["malformed", WRONG_PROOF]);
  });

  it.each<[about: string, nonce: unknown]>([
    ["a forged one", `${Date.UTC(2026, 0, 1, 12).toString(36)}.${"0".repeat(64)}`],
    ["an empty one", ""],
    ["a number", 1],
    ["an array", ["x"]],
  ])("rejects %s", async (_about, nonce) => {
    const { send, present, token } = await begin();
    expect((await send(await present(token, { claims: { nonce } }))).challenge).toBe(WANTS_NONCE);
  });

  it("requires the option keys of the manager", async () => {
    const { logIn } = await setUp({ nonce: "5m" });
    await expect(logIn()).rejects.toThrow(new TypeError("dpop.nonce requires the option keys."));
    expect(() => dpop({ baseUrl: BASE, nonce: 300 as never })).toThrow(/^dpop\.nonce must be a duration/);
  });
});
