import { describe, expect, it } from "vitest";
import { SessionError } from "./errors.ts";

describe("SessionError", () => {
  it("each code has its HTTP status", () => {
    const codes = [
      "ERR_UNAUTHORIZED",
      "ERR_NOT_OWNER",
      "ERR_CROSS_ORIGIN",
      "ERR_LIMIT",
      "ERR_META_INVALID",
      "ERR_DUPLICATE_ID",
      "ERR_HEADERS_SENT",
      "ERR_STORE",
    ] as const;
    expect(codes.map((code) => new SessionError(code, "").status)).toEqual([
      401, 403, 403, 409, 422, 500, 500, 503,
    ]);
  });

  it("keeps message, cause and reason", () => {
    const cause = new Error("ECONNREFUSED");
    const error = new SessionError("ERR_STORE", "down", { cause });
    expect([error.cause, error.reason, error.name, error.message]).toEqual([
      cause,
      undefined,
      "SessionError",
      "down",
    ]);
    expect(SessionError.unauthorized("idle").reason).toBe("idle");
    expect(error).toBeInstanceOf(Error);
  });

  it("SessionError.is recognizes errors of another copy of the package", async () => {
    const copy = (await import("./errors.ts?copy" as string)) as typeof import("./errors.ts");
    expect(copy.SessionError).not.toBe(SessionError);
    expect(SessionError.is(new copy.SessionError("ERR_STORE", ""))).toBe(true);
    for (const other of [new Error("x"), undefined, null, "ERR_STORE", { code: "ERR_STORE" }]) {
      expect(SessionError.is(other)).toBe(false);
    }
  });
});
