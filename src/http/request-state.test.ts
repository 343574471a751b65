import { describe, expect, it } from "vitest";
import { TestRequest, testSessions } from "../../test/support/browser.ts";
import { createHarness } from "../../test/support/harness.ts";

const OWN = { host: "app.example", origin: "https://app.example" };

/** Returns the code of the error that `public` rejects the request with, and the reasons that it emits. */
async function checkOrigin(headers: Record<string, string>, exchange: object = {}) {
  const { manager, record } = createHarness();
  const rejected = record("rejected");
  const error = await testSessions(manager).guards.public()(
    Object.assign(new TestRequest(headers), exchange),
  );
  return [error?.code, ...rejected.map(({ reason }) => reason)];
}

const ALLOWED = [undefined];
const REJECTED = ["ERR_CROSS_ORIGIN", "cross_origin"];

describe("the origin of an unsafe request", () => {
  it("is known from Sec-Fetch-Site when the browser sends it", async () => {
    expect(await checkOrigin({ ...OWN, "sec-fetch-site": "same-origin" })).toEqual(ALLOWED);
    expect(await checkOrigin({ ...OWN, "sec-fetch-site": "same-site" })).toEqual(REJECTED);
    expect(await checkOrigin({ "sec-fetch-site": "cross-site" })).toEqual(REJECTED);
  });

  it("is compared with Host when Sec-Fetch-Site is missing", async () => {
    expect(await checkOrigin(OWN)).toEqual(ALLOWED);
    expect(await checkOrigin({ ...OWN, host: "other.example" })).toEqual(REJECTED);
  });

  it("is compared with the adapter's host when the adapter knows one", async () => {
    expect(await checkOrigin({ ...OWN, host: "inner" }, { host: () => "app.example" })).toEqual(ALLOWED);
    expect(await checkOrigin(OWN, { host: () => "inner" })).toEqual(REJECTED);
  });

  it.each([
    [true, REJECTED],
    [false, ALLOWED],
    [undefined, ALLOWED],
  ])(
    "may be plain http of the same host unless the request used https: isHttps %s",
    async (isHttps, expected) => {
      const headers = { host: "app.example.com", origin: "http://app.example.com" };
      const exchange = isHttps === undefined ? {} : { isHttps: () => isHttps };
      expect(await checkOrigin(headers, exchange)).toEqual(expected);
    },
  );
});
