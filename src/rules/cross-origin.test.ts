import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import { isCrossOrigin } from "./cross-origin.ts";

const TRUSTS_NONE: ReadonlySet<string> = new Set();
const HOST = "app.example.com";
const OWN = "https://app.example.com";
const OTHER = "https://evil.example";

function crosses(
  method: string,
  site?: string,
  origin?: string,
  trusted = TRUSTS_NONE,
  host = HOST,
): boolean {
  return isCrossOrigin({ method, site, origin, host, isHttps: false }, trusted);
}

describe("isCrossOrigin", () => {
  it.each(["GET", "HEAD", "OPTIONS"])("isCrossOrigin allows %s from any origin [asvs 3.5.3]", (method) => {
    for (const site of ["cross-site", "same-site", "same-origin", "none", "", undefined]) {
      for (const origin of [OTHER, OWN, "null", "", undefined])
        expect(crosses(method, site, origin)).toBe(false);
    }
  });

  describe.each(["POST", "PUT", "PATCH", "DELETE", "QUERY", "CONNECT", "TRACE", "get", ""])(
    "isCrossOrigin checks the unsafe method %s [asvs 3.5.1]",
    (method) => {
      it.each([
        ["same-origin", OWN, false],
        ["same-origin", undefined, false],
        ["none", undefined, false],
        ["same-site", "https://other.example.com", true],
        ["cross-site", OTHER, true],
        ["cross-site", undefined, true],
        ["cross-site", "null", true],
        ["cross-site", OWN, true],
        ["", OWN, true],
        ["junk", OWN, true],
        [undefined, undefined, false],
        [undefined, OWN, false],
        [undefined, "HTTPS://APP.example.com", false],
        [undefined, "https://app.example.com:443", false],
        [undefined, "https://app.example.com:8443", true],
        [undefined, OTHER, true],
        [undefined, "https://app.example.com.evil.example", true],
        [undefined, "null", true],
        [undefined, "", true],
        [undefined, "app.example.com", true],
        [undefined, "file://", true],
        [undefined, `chrome-extension://${HOST}`, true],
        [undefined, `ftp://${HOST}`, true],
        [undefined, `javascript://${HOST}`, true],
        [undefined, `http://${HOST}`, false],
      ])("with Sec-Fetch-Site %s and Origin %s is cross-origin: %s", (site, origin, crossing) => {
        expect(crosses(method, site, origin)).toBe(crossing);
      });
    },
  );

  it("rejects a plain http page of the same host when the request came over https", () => {
    const request = { method: "POST", site: undefined, host: HOST, isHttps: true };
    expect(isCrossOrigin({ ...request, origin: `http://${HOST}` }, TRUSTS_NONE)).toBe(true);
    expect(isCrossOrigin({ ...request, origin: OWN }, TRUSTS_NONE)).toBe(false);
    expect(isCrossOrigin({ ...request, origin: `http://${HOST}` }, new Set([`http://${HOST}`]))).toBe(false);
  });

  it("allows a trusted origin only by its exact text", () => {
    const trusted = new Set([OTHER]);
    expect(crosses("POST", "cross-site", OTHER, trusted)).toBe(false);
    expect(crosses("POST", undefined, OTHER, trusted)).toBe(false);
    expect(crosses("POST", "cross-site", `${OTHER}:8443`, trusted)).toBe(true);
    expect(crosses("POST", "cross-site", "null", trusted)).toBe(true);
  });

  it("compares hosts including the port and ignoring case", () => {
    expect(crosses("POST", undefined, "http://localhost:8080", TRUSTS_NONE, "localhost:8080")).toBe(false);
    expect(crosses("POST", undefined, "http://localhost:8081", TRUSTS_NONE, "localhost:8080")).toBe(true);
    expect(crosses("POST", undefined, OWN, TRUSTS_NONE, "App.Example.Com")).toBe(false);
  });

  it.each(["file://", OWN])("rejects the Origin %s when the request has no Host", (origin) => {
    const request = { method: "POST", site: undefined, origin, host: undefined, isHttps: false };
    expect(isCrossOrigin(request, TRUSTS_NONE)).toBe(true);
  });

  it("never throws, and allows only safe methods, own pages, trusted origins and non-browsers", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "https://",
        "http:",
        "//",
        HOST,
        "evil.example",
        ":443",
        "@",
        "/",
        "null",
        "[::1]",
        "\0",
        "\ud800",
        "%",
      ),
      fc.string({ unit: "binary", maxLength: 20 }),
    );
    const text = joined(piece, 6);
    const origin = fc.option(fc.oneof(text, fc.constantFrom(OWN, OTHER)), { nil: undefined });
    const site = fc.option(
      fc.oneof(text, fc.constantFrom("same-origin", "same-site", "cross-site", "none")),
      { nil: undefined },
    );
    const method = fc.oneof(fc.constantFrom("GET", "POST", "get", "DELETE"), text);
    let passed = 0;
    fc.assert(
      fc.property(method, site, origin, text, (name, from, page, host) => {
        const request = { method: name, site: from, origin: page, host, isHttps: host.length % 2 === 0 };
        const crossing = isCrossOrigin(request, new Set([OTHER]));
        if (crossing || ["GET", "HEAD", "OPTIONS"].includes(name)) {
          expect([name, crossing]).not.toEqual(["GET", true]);
          return;
        }
        passed++;
        const own = from === "same-origin" || from === "none" || page === undefined || page === OTHER;
        const named = page !== undefined && URL.canParse(page) && new URL(page).host === host.toLowerCase();
        expect(own || (from === undefined && named)).toBe(true);
      }),
      fuzzRuns(5_000),
    );
    expect(passed).toBeGreaterThan(100);
  });
});
