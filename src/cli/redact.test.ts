import { describe, expect, it } from "vitest";
import { findSecrets, redact } from "./redact.ts";

describe("redact", () => {
  it("hides the user and the password of a URL anywhere in a text", () => {
    expect(redact("connect postgres://app:secret1@db/app failed", [])).toBe(
      "connect postgres://***@db/app failed",
    );
  });

  it("hides a password that the driver repeats, as given and decoded", () => {
    const url = "redis://:pass%2Fwo%40d@cache:6379";
    const secrets = findSecrets(url);
    expect(redact("wrong pass pass/wo@d, sent as pass%2Fwo%40d", secrets)).toBe(
      "wrong pass ***, sent as ***",
    );
  });

  it("hides tokens in the query of a URL", () => {
    expect(redact("https://db.example/?authToken=abc.def&tls=1", [])).toBe(
      "https://db.example/?authToken=***&tls=1",
    );
    expect(findSecrets("libsql://db.example?authToken=abc.def")).toContain("abc.def");
  });

  it("keeps a text without secrets", () => {
    expect(redact("connect ECONNREFUSED 127.0.0.1:6379", ["", "x"])).toBe(
      "connect ECONNREFUSED 127.0.0.1:6379",
    );
  });
});
