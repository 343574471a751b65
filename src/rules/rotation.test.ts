import { describe, expect, it } from "vitest";
import type { RecordData } from "./record.ts";
import {
  addPendingAfterProof,
  addPendingSecret,
  canReceiveSecret,
  confirmPendingSecret,
  isPending,
  isRetired,
  isRotationDue,
  matchSecret,
  RETIRED_GRACE,
  replaceSecret,
} from "./rotation.ts";
import type { SecretProof } from "./secret-proof.ts";

const DATA: RecordData = {
  v: 1,
  root: "root",
  secret: "secret-0",
  authenticatedAt: 100,
};

const proof = (secretHash: string, rootHash = "root"): SecretProof => ({
  secretHash,
  rootHash: () => rootHash,
});

describe("matchSecret", () => {
  it("accepts the current secret", () => {
    expect(matchSecret(DATA, proof("secret-0"), 0)).toBe("current");
  });

  it("accepts a retired secret within its grace, then reports it as reused", () => {
    const data = replaceSecret(DATA, "secret-1", 1_000);
    expect(matchSecret(data, proof("secret-1"), 1_000)).toBe("current");
    expect(matchSecret(data, proof("secret-0"), 1_000 + RETIRED_GRACE - 1)).toEqual({
      hash: "secret-0",
      until: 1_000 + RETIRED_GRACE,
      authenticatedAt: 100,
    });
    expect(matchSecret(data, proof("secret-0"), 1_000 + RETIRED_GRACE)).toBe("reused");
  });

  it("reports the current secret as reused ten minutes after eight issued secrets were ignored", () => {
    let data = DATA;
    for (let turn = 1; turn <= 8; turn++) {
      expect(matchSecret(data, proof("secret-0"), 1e9)).toBe("current");
      data = addPendingSecret(data, `secret-${turn}`, turn);
    }
    expect(matchSecret(data, proof("secret-0"), 8 + 599_999)).toBe("current");
    expect(matchSecret(data, proof("secret-0"), 8 + 600_000)).toBe("reused");
    expect(matchSecret(data, proof("secret-8"), 8 + 600_000)).toMatchObject({ hash: "secret-8" });
  });

  it("a wrong root is unknown, not reused: knowing an id ends no session", () => {
    expect(matchSecret(DATA, proof("other", "other-root"), 0)).toBe("unknown");
    expect(matchSecret(DATA, proof("other"), 0)).toBe("reused");
  });
});

describe("isPending and isRetired", () => {
  it("tell the current, a pending and a retired secret apart", () => {
    const matches = ["current", { hash: "secret-1", at: 0 }, { hash: "secret-2", until: 0 }] as const;
    expect(matches.map((match) => isPending(match))).toEqual([false, true, false]);
    expect(matches.map((match) => isRetired(match))).toEqual([false, false, true]);
  });
});

describe("replaceSecret", () => {
  it("retires pending secrets issued more than a minute earlier, with their step-up state", () => {
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

  it("keeps retired secrets within their grace and drops the others", () => {
    let data = replaceSecret(DATA, "secret-1", 0);
    data = replaceSecret(data, "secret-2", RETIRED_GRACE - 1);
    expect(data.retired?.map(({ hash }) => hash)).toEqual(["secret-1", "secret-0"]);
    data = replaceSecret(data, "secret-3", RETIRED_GRACE);
    expect(data.retired?.map(({ hash }) => hash)).toEqual(["secret-2", "secret-1"]);
  });

  it("adds no list of pending secrets to a session without any", () => {
    expect(replaceSecret(DATA, "secret-1", 0)).not.toHaveProperty("pending");
  });

  it("remembers at most 16 retired secrets", () => {
    let data = DATA;
    for (let turn = 1; turn <= 100; turn++) data = replaceSecret(data, `secret-${turn}`, 0);
    expect(data.retired).toHaveLength(16);
    expect(data.retired?.[0]?.hash).toBe("secret-99");
  });
});

describe("a pending secret", () => {
  const MINUTE = 60_000;
  const data = addPendingSecret(DATA, "secret-1", MINUTE);

  it("becomes current when it is presented, and the replaced secret retires", () => {
    const match = matchSecret(data, proof("secret-1"), 2 * MINUTE);
    expect(match).toEqual({ hash: "secret-1", at: MINUTE, authenticatedAt: 100 });
    if (typeof match !== "object" || !isPending(match)) throw new Error("expected a pending secret");
    const after = confirmPendingSecret(data, match, 2 * MINUTE);
    expect(after).toMatchObject({ secret: "secret-1", turnedAt: MINUTE, pending: [] });
    expect(after.retired).toEqual([
      { hash: "secret-0", until: 2 * MINUTE + RETIRED_GRACE, authenticatedAt: 100 },
    ]);
  });

  it("leaves the current secret valid until it is presented, and other pending secrets after that", () => {
    const both = addPendingSecret(data, "secret-2", 2 * MINUTE);
    expect(matchSecret(both, proof("secret-0"), 1_000 * MINUTE)).toBe("current");
    const [first] = both.pending ?? [];
    if (!first) throw new Error("expected a pending secret");
    const after = confirmPendingSecret(both, first, 3 * MINUTE);
    expect(after.pending?.map(({ hash }) => hash)).toEqual(["secret-2"]);
    expect(matchSecret(after, proof("secret-2"), 1_000 * MINUTE)).toMatchObject({ hash: "secret-2" });
  });

  it("retires a current secret that the app had issued earlier", () => {
    const after = addPendingSecret(replaceSecret(DATA, "secret-1", 0), "secret-2", MINUTE);
    const match = matchSecret(after, proof("secret-2"), MINUTE);
    if (typeof match !== "object" || !isPending(match)) throw new Error("expected a pending secret");
    const confirmed = confirmPendingSecret(after, match, MINUTE);
    expect(confirmed).toMatchObject({ secret: "secret-2", pending: [] });
    expect(confirmed.retired?.map(({ hash }) => hash)).toEqual(["secret-1"]);
  });

  it("makes a newer current secret pending again when it is confirmed late", () => {
    const after = { ...replaceSecret(data, "secret-2", 2 * MINUTE), authenticatedAt: 2 * MINUTE };
    const match = matchSecret(after, proof("secret-1"), 2 * MINUTE);
    if (typeof match !== "object" || !isPending(match)) throw new Error("expected a pending secret");
    const overtaken = confirmPendingSecret(after, match, 2 * MINUTE);
    expect(overtaken).toMatchObject({ secret: "secret-1", authenticatedAt: 100 });
    expect(matchSecret(overtaken, proof("secret-2"), 60 * MINUTE)).toEqual({
      hash: "secret-2",
      at: 2 * MINUTE,
      authenticatedAt: 2 * MINUTE,
    });
    expect(matchSecret(overtaken, proof("secret-0"), 60 * MINUTE)).toBe("reused");
  });

  it("makes a current secret of the same millisecond pending again", () => {
    const after = replaceSecret(data, "secret-2", MINUTE);
    const match = matchSecret(after, proof("secret-1"), MINUTE);
    if (typeof match !== "object" || !isPending(match)) throw new Error("expected a pending secret");
    const overtaken = confirmPendingSecret(after, match, MINUTE);
    expect(matchSecret(overtaken, proof("secret-2"), 60 * MINUTE)).toMatchObject({ hash: "secret-2" });
  });

  it("stays valid through an explicit rotation, with the step-up state of when it was issued", () => {
    const after = { ...replaceSecret(data, "secret-2", 2 * MINUTE), authenticatedAt: 2 * MINUTE };
    expect(matchSecret(after, proof("secret-1"), 60 * MINUTE)).toMatchObject({ authenticatedAt: 100 });
    expect(matchSecret(after, proof("secret-0"), 60 * MINUTE)).toBe("reused");
  });
});

describe("confirmPendingSecret", () => {
  it("keeps at most eight pending secrets when it adds an overtaken one", () => {
    let data: RecordData = DATA;
    for (let turn = 1; turn <= 4; turn++) data = addPendingSecret(data, `secret-${turn}`, turn);
    for (let turn = 5; turn <= 8; turn++)
      data = addPendingAfterProof(data, `secret-${turn}`, { authenticatedAt: turn }, turn) ?? data;
    data = replaceSecret(data, "secret-9", 9);
    const [oldest] = data.pending ?? [];
    if (!oldest) throw new Error("expected a pending secret");
    data = { ...data, pending: [...(data.pending ?? []), { ...oldest, hash: "secret-0b", at: 0 }] };
    expect(confirmPendingSecret(data, oldest, 10).pending?.map(({ hash }) => hash)).toEqual(
      [2, 3, 4, 5, 6, 7, 8, 9].map((turn) => `secret-${turn}`),
    );
  });
});

describe("isRotationDue", () => {
  const MINUTE = 60_000;
  const record = { createdAt: 0 };
  const due = (data: RecordData, now: number) => isRotationDue(data, record, now, MINUTE);

  it("no rotation is due without rotateEvery", () => {
    expect(isRotationDue(DATA, record, 1_000 * MINUTE, undefined)).toBe(false);
  });

  it("a rotation is due when the current secret reaches the age of rotateEvery", () => {
    expect(due(DATA, MINUTE - 1)).toBe(false);
    expect(due(DATA, MINUTE)).toBe(true);
    expect(due({ ...DATA, turnedAt: MINUTE }, 2 * MINUTE - 1)).toBe(false);
    expect(due({ ...DATA, turnedAt: MINUTE }, 2 * MINUTE)).toBe(true);
  });

  it("no rotation is due within 30 seconds after the last issued secret", () => {
    const data = addPendingSecret(DATA, "secret-1", MINUTE);
    expect(due(data, MINUTE + 29_999)).toBe(false);
    expect(due(data, MINUTE + 30_000)).toBe(true);
  });

  it("no rotation is due after eight unclaimed secrets until one is presented or the app rotates", () => {
    let data = DATA;
    for (let turn = 1; turn <= 8; turn++) data = addPendingSecret(data, `secret-${turn}`, turn * 11 * MINUTE);
    expect(due(data, 1_000 * MINUTE)).toBe(false);
    const [first] = data.pending ?? [];
    if (!first) throw new Error("expected a pending secret");
    expect(due(confirmPendingSecret(data, first, 1_000 * MINUTE), 1_001 * MINUTE)).toBe(true);
    expect(due(replaceSecret(data, "secret-9", 1_000 * MINUTE), 1_001 * MINUTE)).toBe(true);
  });

  it("no rotation is due with four pending secrets until the oldest is ten minutes old and is dropped", () => {
    let data = DATA;
    for (let turn = 1; turn <= 4; turn++) data = addPendingSecret(data, `secret-${turn}`, turn * MINUTE);
    expect(due(data, 11 * MINUTE - 1)).toBe(false);
    expect(due(data, 11 * MINUTE)).toBe(true);
    const after = addPendingSecret(data, "secret-5", 11 * MINUTE);
    expect(after.pending?.map(({ hash }) => hash)).toEqual(["secret-2", "secret-3", "secret-4", "secret-5"]);
  });
});

describe("addPendingAfterProof", () => {
  it("issues up to eight pending secrets, when rotation by time stops at four", () => {
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

describe("canReceiveSecret", () => {
  it.each([
    [undefined, undefined, true],
    ["prefetch", undefined, false],
    ["prefetch;prerender", undefined, false],
    ["Prefetch", undefined, false],
    ["prefetched", undefined, true],
    ["no-prefetch", undefined, true],
    [undefined, "websocket", false],
  ])("with Sec-Purpose %s and Upgrade %s is %s", (purpose, upgrade, may) => {
    expect(canReceiveSecret({ purpose, upgrade })).toBe(may);
  });
});
