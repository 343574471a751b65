import { createHash, randomUUID } from "node:crypto";
import { createServer, request as requestNode } from "node:http";
import express from "express";
import { Manager } from "sessionup";
import { bearer, initBearer } from "sessionup/bearer";
import { dpop } from "sessionup/dpop";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { TestClock } from "sessionup/testing";
import { afterAll, describe, expect, it } from "vitest";
import { listen } from "../support/listen.ts";
import { loadClients } from "./clients.ts";

const packages = await loadClients();

/** Creates the proof of a request, by the client's key. */
type Prove = (method: string, url: string, token?: string) => Promise<string>;

/** A client by each package. Returns its proofs and the thumbprint of its key. */
const CLIENTS: Readonly<Record<string, (alg: string) => Promise<Prove>>> = {
  async dpop(alg) {
    const pair = await packages.dpop.generateKeyPair(alg);
    return (method, url, token) => packages.dpop.generateProof(pair, url, method, undefined, token);
  },
  async jose(alg) {
    const { generateKeyPair, exportJWK, SignJWT } = packages.jose;
    const { publicKey, privateKey } = await generateKeyPair(alg);
    const jwk = await exportJWK(publicKey);
    return (htm, htu, token) => {
      const ath = token !== undefined && { ath: createHash("sha256").update(token).digest("base64url") };
      return new SignJWT({ htm, htu, ...ath })
        .setProtectedHeader({ alg, typ: "dpop+jwt", jwk })
        .setIssuedAt()
        .setJti(randomUUID())
        .sign(privateKey);
    };
  },
};

const clock = new TestClock(Date.now());
const transports = ["cookie", bearer({ dpop: dpop({ baseUrl: "https://api.example.com/v1" }) })] as const;
const manager = new Manager(memoryStore(), { transports, rotateEvery: "5m", clock: clock.now });
const sessions = expressSessions(manager);

const answerError: express.ErrorRequestHandler = (error, _req, res, _next) =>
  void res.status(error.status).json({ code: error.code });

// A proxy has removed https://api.example.com/v1.
const app = express();
app.post("/login", async (req, res) => {
  const { token } = await initBearer(sessions, req, "ann");
  res.json({ token });
});
app.get("/whoami", sessions.auth(), (req, res) => void res.send(sessions.require(req).userKey));
app.use(answerError);
const { origin, close } = await listen(createServer(app));
afterAll(close);

const url = (path: string) => `https://api.example.com/v1${path}`;

async function logIn(prove: Prove): Promise<string> {
  const headers = { dpop: await prove("POST", url("/login")) };
  const response = await fetch(`${origin}/login`, { method: "POST", headers });
  return ((await response.json()) as { token: string }).token;
}

function whoami(token: string, proof: string, scheme = "DPoP"): Promise<Response> {
  return fetch(`${origin}/whoami`, { headers: { authorization: `${scheme} ${token}`, dpop: proof } });
}

describe.each([
  ["dpop", "ES256"],
  ["dpop", "Ed25519"],
  ["dpop", "RS256"],
  ["dpop", "PS256"],
  ["jose", "ES256"],
  ["jose", "ES384"],
  ["jose", "EdDSA"],
  ["jose", "Ed25519"],
  ["jose", "RS256"],
  ["jose", "PS256"],
])("a client with the package %s and a key for %s", (name, alg) => {
  it("logs in, sends requests and replaces its token", async () => {
    const prove = await CLIENTS[name]?.(alg);
    if (!prove) throw new Error(`no client ${name}`);
    clock.set(Date.now());
    const token = await logIn(prove);
    const proof = await prove("GET", url("/whoami"), token);
    expect(await (await whoami(token, proof)).text()).toBe("ann");
    // Copied with its proof, or alone, the token is useless.
    expect((await whoami(token, proof)).status).toBe(401);
    expect((await whoami(token, await prove("GET", url("/whoami")))).status).toBe(401);
    expect((await whoami(token, await prove("GET", url("/whoami"), token), "Bearer")).status).toBe(401);
  });

  it("is rejected when it uses another key than at its login", async () => {
    const [own, other] = [await CLIENTS[name]?.(alg), await CLIENTS[name]?.(alg)];
    if (!own || !other) throw new Error(`no client ${name}`);
    clock.set(Date.now());
    const token = await logIn(own);
    const response = await whoami(token, await other("GET", url("/whoami"), token));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/DPoP error="invalid_token", algs="ES256 /);
  });
});

describe("a client over HTTP", () => {
  it("presents the new token of Session-Token with the same key", async () => {
    const { generateKeyPair, exportJWK, SignJWT } = packages.jose;
    const { publicKey, privateKey } = await generateKeyPair("ES256");
    const jwk = await exportJWK(publicKey);
    const prove: Prove = async (htm, htu, token) => {
      const ath = token !== undefined && { ath: createHash("sha256").update(token).digest("base64url") };
      // The server's clock has moved on.
      const claims = { htm, htu, jti: randomUUID(), iat: Math.floor(clock.now() / 1_000), ...ath };
      return new SignJWT(claims).setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk }).sign(privateKey);
    };
    const token = await logIn(prove);
    clock.advance("6m");
    const response = await whoami(token, await prove("GET", url("/whoami"), token));
    const next = response.headers.get("session-token") ?? "";
    expect([response.status, next.split(".")[0]]).toEqual([200, token.split(".")[0]]);
    expect((await whoami(next, await prove("GET", url("/whoami"), next))).status).toBe(200);
    expect((await whoami(next, await prove("GET", url("/whoami"), token))).status).toBe(401);
  });

  it("is rejected with two headers DPoP, each of which would be accepted", async () => {
    clock.set(Date.now());
    const prove = (await CLIENTS.dpop?.("ES256")) as Prove;
    const token = await logIn(prove);
    const proofs = [await prove("GET", url("/whoami"), token), await prove("GET", url("/whoami"), token)];
    const status = (dpop: string[]) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `DPoP ${token}`, dpop };
        requestNode(`${origin}/whoami`, { headers }, (response) => resolve(response.resume().statusCode))
          .on("error", reject)
          .end();
      });
    expect(await status(proofs)).toBe(401);
    expect(await status(proofs.slice(1))).toBe(200);
  });

  it("gets 401 and the challenge for a wrong proof at the login", async () => {
    const prove = (await CLIENTS.dpop?.("ES256")) as Prove;
    const headers = { dpop: await prove("POST", "https://evil.example/v1/login") };
    const response = await fetch(`${origin}/login`, { method: "POST", headers });
    expect([response.status, await response.json()]).toEqual([401, { code: "ERR_UNAUTHORIZED" }]);
    expect(response.headers.get("www-authenticate")).toMatch(/^DPoP error="invalid_dpop_proof", algs="/);
  });
});

describe("a client of a server with nonces", () => {
  it("tries again with the nonce of the response, by the package dpop", async () => {
    const proofs = dpop({ baseUrl: "https://api.example.com", nonce: "5m" });
    const keys = ["k".repeat(32)];
    const own = expressSessions(new Manager(memoryStore(), { keys, transports: [bearer({ dpop: proofs })] }));
    const site = express();
    site.post("/login", async (req, res) => void res.json(await initBearer(own, req, "ann")));
    site.get("/whoami", own.auth(), (req, res) => void res.send(own.require(req).userKey));
    site.use(answerError);
    const server = await listen(createServer(site));
    const { generateKeyPair, generateProof } = packages.dpop;
    const pair = await generateKeyPair("ES256");
    let nonce: string | undefined;
    const ask = async (method: string, path: string, token?: string): Promise<Response> => {
      const proof = await generateProof(pair, `https://api.example.com${path}`, method, nonce, token);
      const headers = { dpop: proof, ...(token !== undefined && { authorization: `DPoP ${token}` }) };
      const response = await fetch(server.origin + path, { method, headers });
      nonce = response.headers.get("dpop-nonce") ?? nonce;
      return response;
    };
    try {
      const first = await ask("POST", "/login");
      expect([first.status, first.headers.get("www-authenticate")]).toEqual([
        401,
        expect.stringMatching(/use_dpop_nonce/),
      ]);
      const { token } = (await (await ask("POST", "/login")).json()) as { token: string };
      expect(await (await ask("GET", "/whoami", token)).text()).toBe("ann");
      nonce = undefined;
      expect((await ask("GET", "/whoami", token)).status).toBe(401);
      expect((await ask("GET", "/whoami", token)).status).toBe(200);
    } finally {
      await server.close();
    }
  });
});
