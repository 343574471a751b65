import { createContext, Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { normalizeAddress } from "../../src/client-info/address.ts";
import { parseTrustProxy, resolveClientAddress } from "../../src/client-info/trust-proxy.ts";
import { labelBrands, labelPlatform } from "../../src/client-info/user-agent/client-hints.ts";
import { labelAgent } from "../../src/client-info/user-agent/label-agent.ts";
import { labelUserAgent } from "../../src/client-info/user-agent/user-agent.ts";
import { readCookie, readTokens, setsCookie } from "../../src/cookie/cookie-header.ts";
import { parseToken } from "../../src/cookie/token.ts";
import { parseDuration } from "../../src/duration.ts";
import { createRoutes, type RouteMethods } from "../../src/http/json-routes.ts";
import { isCrossOrigin } from "../../src/rules/cross-origin.ts";
import { isPrefetch } from "../../src/rules/rotation.ts";
import { DeviceCookie } from "../../src/signed/device-cookie.ts";
import { isFormToken } from "../../src/signed/form-token.ts";
import { parseRevocationToken } from "../../src/signed/revocation-token.ts";
import { Signer } from "../../src/signed/signer.ts";
import { TestRequest } from "../support/browser.ts";

const cookie = {
  name: "n",
  path: "/",
  httpOnly: true,
  secure: true,
  sameSite: "lax",
  partitioned: false,
} as const;
const signer = new Signer(["k".repeat(32)], "sid");
const device = new DeviceCookie(cookie, signer);
const routes = createRoutes({} as RouteMethods<object>, "/account", { maxAuthAge: undefined, level: 1 });
const trust = parseTrustProxy(["0.0.0.0/0", "::/0"]);
const post = { method: "POST", site: undefined, host: "example.com", isHttps: false };

/** The parsers of client input. Each one receives the whole text here, even if production code cuts it first. */
const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  "the cookie": (text) => readTokens(text, "n=", 2),
  "a cookie with another name": (text) => readCookie(text, "n"),
  "a Set-Cookie line": (text) => setsCookie(`n=${text}`, cookie),
  "the session token": (text) => parseToken(text),
  "the device cookie": (text) => device.meet(new TestRequest({ cookie: `n-device=${text}` }), "ann", 0),
  "a form token": (text) => isFormToken(signer, { id: "i", root: "r" }, `${"s".repeat(22)}.${text}`),
  "a revocation token": (text) => parseRevocationToken(signer, text, 0),
  "an address": (text) => normalizeAddress(text),
  "X-Forwarded-For": (text) => resolveClientAddress("10.0.0.1", text, trust),
  "the User-Agent": (text) => labelAgent(text, () => text),
  "the User-Agent without a length limit": (text) => labelUserAgent(text),
  "client hint brands without a length limit": (text) => labelBrands(text),
  "a client hint platform without a length limit": (text) => labelPlatform(text),
  Origin: (text) => isCrossOrigin({ ...post, origin: text }, new Set()),
  "Origin with a scheme": (text) => isCrossOrigin({ ...post, origin: `https://${text}` }, new Set()),
  "Sec-Purpose": (text) => isPrefetch(text),
  "the path of a route": (text) => routes({}, { method: "OPTIONS", path: `/account/sessions/${text}` }),
  "a duration": (text) => {
    try {
      return parseDuration(text, "test");
    } catch (error) {
      return error;
    }
  },
};

/** Pieces whose repetition makes a backtracking parser take quadratic time or longer. */
const PIECES = [
  ...' \t;,=.:/"\\([%0a-',
  "\0",
  "\u{1f600}",
  "\ud800",
  "n=",
  " n=",
  "n= ;",
  "; ",
  "0a",
  "1.",
  "1:",
  "::",
  "a.b",
  "xn--",
  '"a"',
  '",',
  ";v=",
  "Mozilla/",
  "AppleWebKit/",
  "prefetch ",
];

/** In milliseconds. Quadratic time takes tens of seconds, and linear time stays below the limit even on a busy machine. */
const LIMIT = 2_000;
const call = new Script("run()");
const context = createContext();

/** Throws when a call takes too long, even a synchronous one, which the timeout of a test cannot interrupt. */
function runWithLimit(run: () => unknown): void {
  context.run = run;
  call.runInContext(context, { timeout: LIMIT });
}

describe("parsers of client input", () => {
  it.each(Object.entries(PARSERS))(
    "200,000 characters are parsed within the time limit: %s",
    (_name, parse) => {
      for (const piece of PIECES) {
        const text = piece.repeat(200_000 / piece.length);
        for (const whole of [text, `${text}!`, `x${text}`, `${text}n=`])
          expect(() => runWithLimit(() => parse(whole)), piece).not.toThrow();
      }
    },
  );

  it("the time limit stops a regular expression that backtracks", () => {
    const backtracks = () => /a+b/.test("a".repeat(200_000));
    expect(() => runWithLimit(backtracks)).toThrow(
      expect.objectContaining({ code: "ERR_SCRIPT_EXECUTION_TIMEOUT" }),
    );
  });
});
