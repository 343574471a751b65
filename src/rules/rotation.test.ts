import { describe, expect, it } from "vitest";
import { areHashesEqual } from "../cookie/token.ts";
import type { RecordData } from "./record.ts";
import {
  addPendingAfterProof,
  addPendingSecret,
  canReceiveSecret,
  confirmPendingSecret,
  isPending,
  isRotationDue,
  matchSecret,
  RETIRED_GRACE,
  replaceSecret,
  type SecretProof,
} from "./rotation.ts";

const DATA: RecordData = {
  v: 1,
  root: "root",
  secret: "secret-0",
  authenticatedAt: 100,
};

const proof = (secretHash: string, rootHash = "root"): SecretProof => ({
  secretHash,
  rootHash: () => rootHash,
  equal: areHashesEqual,
});

describe("matchSecret", () => {
  it("knows the current secret", () => {
    expect(matchSecret(DATA, proof("secret-0"), 0)).toBe("current");
  });

  it("serves a retired secret until its grace is over, then it is reused", () => {
    const data = replaceSecret(DATA, "secret-1", 1_000);
    expect(matchSecret(data, proof("secret-1"), 1_000)).toBe("current");
    expect(matchSecret(data, proof("secret-0"), 1_000 + RETIRED_GRACE - 1)).toEqual({
      hash: "secret-0",
      until: 1_000 + RETIRED_GRACE,
      authenticatedAt: 100,
    });
    expect(matchSecret(data, proof("secret-0"), 1_000 + RETIRED_GRACE)).toBe("reused");
  });

  it("takes the current secret for a copy ten minutes after the eighth that was ignored", () => {
    let data = DATA;
    for (let turn = 1; turn <= 8; turn++) {
      expect(matchSecret(data, proof("secret-0"), 1e9)).toBe("current");
      data = addPendingSecret(data, `secret-${turn}`, turn);
    }
    expect(matchSecret(data, proof("secret-0"), 8 + 599_999)).toBe("current");
    expect(matchSecret(data, proof("secret-0"), 8 + 600_000)).toBe("reused");
    expect(matchSecret(data, proof("secret-8"), 8 + 600_000)).toMatchObject({ hash: "secret-8" });
  });

  it("knows nothing of a wrong root: knowing an id ends nothing", () => {
    expect(matchSecret(DATA, proof("other", "other-root"), 0)).toBe("unknown");
    expect(matchSecret(DATA, proof("other"), 0)).toBe("reused");
  });
});

describe("turned", () => {
  it("retires pending secrets that were issued more than a minute earlier, with what had been proved", () => {
    const data = addPendingSecret(addPendingSecret(DATA, "secret-1", 0), "secret-2", 1);
    const after = replaceSecret(data, "secret-3", 60_001);
    expect(after.pending).toEqual([{ hash: "secret-2", at: 1, authenticatedAt: 100 }]);
    const until = 60_001 + RETIRED_GRACE;
    expect(after.retired).toEqual([
      { hash: "secret-0", until, authenticatedAt: 100 },
      { hash: "secret-1", until, authenticatedAt: 100 },
    ]);
    expect(matchSecret(after, proof("secret-1"), until - 1)).toMatchObject({ hash: "secret-1" });
    expect(matchSecret(after, proof("secret-1"), until)).toBe("reused");
  });

  it("keeps what is retired within its grace, and drops what is past it", () => {
    let data = replaceSecret(DATA, "secret-1", 0);
    data = replaceSecret(data, "secret-2", RETIRED_GRACE - 1);
    expect(data.retired?.map(({ hash }) => hash)).toEqual(["secret-1", "secret-0"]);
    data = replaceSecret(data, "secret-3", RETIRED_GRACE);
    expect(data.retired?.map(({ hash }) => hash)).toEqual(["secret-2", "secret-1"]);
  });

  it("remembers a bounded number", () => {
    let data = DATA;
    for (let turn = 1; turn <= 100; turn++) data = replaceSecret(data, `secret-${turn}`, 0);
    expect(data.retired).toHaveLength(16);
    expect(data.retired?.[0]?.hash).toBe("secret-99");
  });
});

describe("a secret that was sent", () => {
  const MINUTE = 60_000;
  const data = addPendingSecret(DATA, "secret-1", MINUTE);

  it("becomes the current one when it comes back, and the one before it retires", () => {
    const match = matchSecret(data, proof("secret-1"), 2 * MINUTE);
    expect(match).toEqual({ hash: "secret-1", at: MINUTE, authenticatedAt: 100 });
    if (typeof match !== "object" || !isPending(match)) throw new Error("is not pending");
    const after = confirmPendingSecret(data, match, 2 * MINUTE);
    expect(after).toMatchObject({ secret: "secret-1", turnedAt: MINUTE, pending: [] });
    expect(after.retired).toEqual([
      { hash: "secret-0", until: 2 * MINUTE + RETIRED_GRACE, authenticatedAt: 100 },
    ]);
  });

  it("leaves the current one as it is until then, and others that were sent too", () => {
    const both = addPendingSecret(data, "secret-2", 2 * MINUTE);
    expect(matchSecret(both, proof("secret-0"), 1_000 * MINUTE)).toBe("current");
    const [first] = both.pending ?? [];
    if (!first) throw new Error("none is pending");
    const after = confirmPendingSecret(both, first, 3 * MINUTE);
    expect(after.pending?.map(({ hash }) => hash)).toEqual(["secret-2"]);
    expect(matchSecret(after, proof("secret-2"), 1_000 * MINUTE)).toMatchObject({ hash: "secret-2" });
  });

  it("leaves a later one good that it overtakes, whether that is on its way or was there before", () => {
    const after = { ...replaceSecret(data, "secret-2", 2 * MINUTE), authenticatedAt: 2 * MINUTE };
    const match = matchSecret(after, proof("secret-1"), 2 * MINUTE);
    if (typeof match !== "object" || !isPending(match)) throw new Error("is not pending");
    const overtaken = confirmPendingSecret(after, match, 2 * MINUTE);
    expect(overtaken).toMatchObject({ secret: "secret-1", authenticatedAt: 100 });
    expect(matchSecret(overtaken, proof("secret-2"), 60 * MINUTE)).toEqual({
      hash: "secret-2",
      at: 2 * MINUTE,
      authenticatedAt: 2 * MINUTE,
    });
    expect(matchSecret(overtaken, proof("secret-0"), 60 * MINUTE)).toBe("reused");
  });

  it("stays good when the secret is replaced at somebody's bidding, with what had been proved when it was sent", () => {
    const after = { ...replaceSecret(data, "secret-2", 2 * MINUTE), authenticatedAt: 2 * MINUTE };
    expect(matchSecret(after, proof("secret-1"), 60 * MINUTE)).toMatchObject({ authenticatedAt: 100 });
    expect(matchSecret(after, proof("secret-0"), 60 * MINUTE)).toBe("reused");
  });
});

describe("confirmed", () => {
  it("remembers a bounded number of those that are overtaken", () => {
    let data: RecordData = DATA;
    for (let turn = 1; turn <= 4; turn++) data = addPendingSecret(data, `secret-${turn}`, turn);
    for (let turn = 5; turn <= 8; turn++)
      data = addPendingAfterProof(data, `secret-${turn}`, { authenticatedAt: turn }, turn) ?? data;
    data = replaceSecret(data, "secret-9", 9);
    const [oldest] = data.pending ?? [];
    if (!oldest) throw new Error("none is pending");
    data = { ...data, pending: [...(data.pending ?? []), { ...oldest, hash: "secret-0b", at: 0 }] };
    expect(confirmPendingSecret(data, oldest, 10).pending?.map(({ hash }) => hash)).toEqual(
      [2, 3, 4, 5, 6, 7, 8, 9].map((turn) => `secret-${turn}`),
    );
  });
});

describe("rotationDue", () => {
  const MINUTE = 60_000;
  const record = { createdAt: 0 };
  const due = (data: RecordData, now: number) => isRotationDue(data, record, now, MINUTE);

  it("is never, unless the option says how often", () => {
    expect(isRotationDue(DATA, record, 1_000 * MINUTE, undefined)).toBe(false);
  });

  it("is when the current secret has been there for so long", () => {
    expect(due(DATA, MINUTE - 1)).toBe(false);
    expect(due(DATA, MINUTE)).toBe(true);
    expect(due({ ...DATA, turnedAt: MINUTE }, 2 * MINUTE - 1)).toBe(false);
    expect(due({ ...DATA, turnedAt: MINUTE }, 2 * MINUTE)).toBe(true);
  });

  it("waits for half a minute after the last one that was sent", () => {
    const data = addPendingSecret(DATA, "secret-1", MINUTE);
    expect(due(data, MINUTE + 29_999)).toBe(false);
    expect(due(data, MINUTE + 30_000)).toBe(true);
  });

  it("is not any more after eight that nobody has presented", () => {
    let data = DATA;
    for (let turn = 1; turn <= 8; turn++) data = addPendingSecret(data, `secret-${turn}`, turn * 11 * MINUTE);
    expect(due(data, 1_000 * MINUTE)).toBe(false);
    const [first] = data.pending ?? [];
    if (!first) throw new Error("none is pending");
    expect(due(confirmPendingSecret(data, first, 1_000 * MINUTE), 1_001 * MINUTE)).toBe(true);
    expect(due(replaceSecret(data, "secret-9", 1_000 * MINUTE), 1_001 * MINUTE)).toBe(true);
  });

  it("is not while four are on their way, until the oldest of them is ten minutes old and gives way", () => {
    let data = DATA;
    for (let turn = 1; turn <= 4; turn++) data = addPendingSecret(data, `secret-${turn}`, turn * MINUTE);
    expect(due(data, 11 * MINUTE - 1)).toBe(false);
    expect(due(data, 11 * MINUTE)).toBe(true);
    const after = addPendingSecret(data, "secret-5", 11 * MINUTE);
    expect(after.pending?.map(({ hash }) => hash)).toEqual(["secret-2", "secret-3", "secret-4", "secret-5"]);
  });
});

describe("proved", () => {
  it("has room where what is sent by time has none, and an end", () => {
    let data: RecordData | undefined = DATA;
    for (let turn = 1; turn <= 4; turn++) data = addPendingSecret(data, `secret-${turn}`, turn);
    for (let turn = 5; turn <= 8; turn++)
      data = data && addPendingAfterProof(data, `secret-${turn}`, { authenticatedAt: turn }, turn);
    expect(data?.pending).toHaveLength(8);
    expect(data?.pending?.at(-1)).toEqual({ hash: "secret-8", at: 8, authenticatedAt: 8 });
    expect(data?.authenticatedAt).toBe(100);
    expect(data && addPendingAfterProof(data, "secret-9", { authenticatedAt: 9 }, 9)).toBeUndefined();
  });
});

describe("mayBring", () => {
  it.each([
    [undefined, undefined, true],
    ["prefetch", undefined, false],
    ["prefetch;prerender", undefined, false],
    ["Prefetch", undefined, false],
    [undefined, "websocket", false],
  ])("for the purpose %s and the upgrade %s is %s", (purpose, upgrade, may) => {
    expect(canReceiveSecret({ purpose, upgrade })).toBe(may);
  });
});
