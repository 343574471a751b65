import { describe, expect, it } from "vitest";
import type { CoreData } from "../session-data.ts";
import { equalHashes } from "../wire/token.ts";
import { GRACE, matchSecret, type Proof, turned } from "./rotation.ts";

const DATA: CoreData = {
  v: 1,
  cookie: "sessionup",
  persistent: false,
  root: "root",
  secret: "secret-0",
  retired: [],
  authenticatedAt: 100,
};

const proof = (secretHash: string, rootHash = "root"): Proof => ({
  secretHash,
  rootHash: () => rootHash,
  equal: equalHashes,
});

describe("matchSecret", () => {
  it("knows the current secret", () => {
    expect(matchSecret(DATA, proof("secret-0"), 0)).toBe("current");
  });

  it("serves a retired secret until its grace is over, then it is reused", () => {
    const data = turned(DATA, "secret-1", 1_000);
    expect(matchSecret(data, proof("secret-1"), 1_000)).toBe("current");
    expect(matchSecret(data, proof("secret-0"), 1_000 + GRACE - 1)).toEqual({
      hash: "secret-0",
      until: 1_000 + GRACE,
      authenticatedAt: 100,
    });
    expect(matchSecret(data, proof("secret-0"), 1_000 + GRACE)).toBe("reused");
  });

  it("knows nothing of a wrong root: knowing an id ends nothing", () => {
    expect(matchSecret(DATA, proof("other", "other-root"), 0)).toBe("unknown");
    expect(matchSecret(DATA, proof("other"), 0)).toBe("reused");
  });
});

describe("turned", () => {
  it("keeps what is retired within its grace, and drops what is past it", () => {
    let data = turned(DATA, "secret-1", 0);
    data = turned(data, "secret-2", GRACE - 1);
    expect(data.retired.map(({ hash }) => hash)).toEqual(["secret-1", "secret-0"]);
    data = turned(data, "secret-3", GRACE);
    expect(data.retired.map(({ hash }) => hash)).toEqual(["secret-2", "secret-1"]);
  });

  it("remembers a bounded number", () => {
    let data = DATA;
    for (let turn = 1; turn <= 100; turn++) data = turned(data, `secret-${turn}`, 0);
    expect(data.retired).toHaveLength(16);
    expect(data.retired[0]?.hash).toBe("secret-99");
  });
});
