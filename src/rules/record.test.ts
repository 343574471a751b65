import { describe, expect, it } from "vitest";
import { asBrowser, getCookieName, type RecordData, toAppName } from "./record.ts";

const BROWSER: RecordData = { v: 1, cookie: "sid", root: "root", secret: "secret" };

describe("asBrowser", () => {
  it("gives an app's session the name of the manager's cookie, and keeps the rest", () => {
    const app: RecordData = { ...BROWSER, kind: "app", cookie: toAppName("sid") };
    expect(asBrowser(app)).toEqual({ ...app, cookie: "sid" });
    expect(getCookieName(app)).not.toBe("sid");
  });

  it("returns the data of a browser's session as it is", () => {
    expect(asBrowser(BROWSER)).toBe(BROWSER);
  });
});
