import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestRequest } from "../../test/support/browser.ts";
import { fuzzRuns, joined } from "../../test/support/fuzz.ts";
import { DeviceCookie } from "./device-cookie.ts";
import { Signer } from "./signer.ts";

const session = {
  name: "__Host-sid",
  path: "/",
  httpOnly: false,
  secure: true,
  sameSite: "strict",
  partitioned: false,
} as const;
const NAME = "__Host-sid-device";
const FORM = /^[0-9A-Za-z]{22}(\.[0-9a-f]{64}){1,4}$/;
const signer = new Signer(["k".repeat(32)], "sid");
const device = new DeviceCookie(session, signer);

function meet(cookie: string | undefined, userKey: string) {
  const request = new TestRequest(cookie === undefined ? {} : { cookie });
  return device.meet(request, userKey, 1e12);
}

describe("DeviceCookie", () => {
  it("recognizes the last four users who logged in with the browser, and no other user", () => {
    let cookie: string | undefined;
    for (const userKey of ["ann", "bob", "cid", "dan", "eve"]) {
      const { seen, cookie: next } = meet(cookie, userKey);
      expect(seen).toBe(false);
      cookie = `${next.name}=${next.value}`;
    }
    const known = ["ann", "bob", "cid", "dan", "eve", "fay"].map((userKey) => meet(cookie, userKey).seen);
    expect(known).toEqual([false, true, true, true, true, false]);
  });

  it("sends the cookie like the session's, for 400 days and hidden from scripts", () => {
    const { cookie } = meet(undefined, "ann");
    expect(cookie).toMatchObject({ ...session, name: NAME, httpOnly: true, maxAge: 400 * 86_400 });
    expect(cookie.value).toMatch(FORM);
  });

  it("recognizes no user by an unsigned cookie, and sends none of its text back", () => {
    const own = meet(undefined, "ann").cookie.value;
    const [nonce = "", mark = ""] = own.split(".");
    const other = signer.sign("device", `${nonce} bob`);
    const piece = fc.oneof(
      fc.constantFrom(
        nonce,
        mark,
        other,
        ".",
        own,
        `${NAME}=`,
        ";",
        "; ",
        "\r\n",
        '"',
        "\0",
        "\ud800",
        "a".repeat(64),
      ),
      fc.string({ unit: "binary", maxLength: 70 }),
      fc
        .array(fc.constantFrom(mark, other, "0".repeat(64)), { maxLength: 6 })
        .map((marks) => `${nonce}.${marks.join(".")}`),
    );
    const header = fc
      .tuple(fc.constantFrom(`${NAME}=`, ""), joined(piece, 6))
      .map(([first, rest]) => first + rest);
    let accepted = 0;
    fc.assert(
      fc.property(header, (text) => {
        const { seen, cookie } = meet(text, "ann");
        expect(cookie.value).toMatch(FORM);
        if (seen) {
          accepted++;
          expect(text).toContain(mark);
          expect(cookie.value.startsWith(`${nonce}.${mark}`)).toBe(true);
        }
        expect(meet(text, "zed").seen).toBe(false);
      }),
      fuzzRuns(5_000),
    );
    expect(accepted).toBeGreaterThan(10);
  });
});
