import { describe, expect, it } from "vitest";
import { appendEntry, createChain, toCanonicalJson, toTrailKeys } from "./chain.ts";
import type { AuditDraft, AuditEntry, AuditHead } from "./entry.ts";
import { verifyEntries } from "./verify.ts";

const KEY = "k".repeat(32);
const OLD_KEY = "o".repeat(32);

function createEntries(count = 6, keys: readonly string[] = []): AuditEntry[] {
  let head: AuditHead = createChain();
  return Array.from({ length: count }, (_, index) => {
    const draft: AuditDraft = {
      kind: "begun",
      at: index,
      by: "user",
      subject: { sessions: [`s${index}`], userKey: "ann", ip: "192.0.2.1" },
    };
    const entry = appendEntry(head, draft, toTrailKeys(keys));
    head = entry;
    return entry;
  });
}

function append(entries: readonly AuditEntry[], draft: AuditDraft): AuditEntry[] {
  return [...entries, appendEntry(entries.at(-1) as AuditEntry, draft, toTrailKeys())];
}

async function findProblems(entries: readonly AuditEntry[], options = {}): Promise<string[]> {
  const { ok, problems } = await verifyEntries(entries, options);
  expect(ok).toBe(problems.length === 0);
  return problems.map(({ problem, seq }) => `${problem} ${seq}`);
}

describe("verifyEntries", () => {
  it("accepts a chain, several chains in any mixture, and entries that were written twice", async () => {
    const one = createEntries();
    const two = createEntries();
    expect(await findProblems([])).toEqual([]);
    expect(await findProblems(one)).toEqual([]);
    expect(await findProblems(one.flatMap((entry, index) => [entry, two[index] as AuditEntry]))).toEqual([]);
    expect(await findProblems([...one.slice(0, 4), ...one.slice(1, 4), ...one.slice(4)])).toEqual([]);
    const { heads } = await verifyEntries([...one, ...two]);
    expect(heads.map(({ seq, hash }) => [seq, hash])).toEqual([one, two].map((chain) => [6, chain[5]?.hash]));
  });

  it.each<[name: string, tamper: (entries: AuditEntry[]) => AuditEntry[], problems: string[]]>([
    ["an entry is missing", (all) => all.toSpliced(2, 1), ["missing 4"]],
    ["the first entries are missing", (all) => all.slice(2), ["missing 3"]],
    [
      "two entries changed places",
      (all) => all.with(2, all[3] as AuditEntry).with(3, all[2] as AuditEntry),
      ["missing 4", "order 3"],
    ],
    [
      "a foreign entry was inserted",
      (all) => all.toSpliced(3, 0, { ...(all[2] as AuditEntry), at: 7, hash: "x" }),
      ["order 3", "edited 3", "unlinked 4"].filter((each) => each !== "unlinked 4"),
    ],
    ["the time was changed", (all) => all.with(2, { ...(all[2] as AuditEntry), at: 99 }), ["edited 3"]],
    [
      "the kind was changed",
      (all) => all.with(2, { ...(all[2] as AuditEntry), kind: "ended" }),
      ["edited 3"],
    ],
    ["a property was added", (all) => all.with(2, { ...(all[2] as AuditEntry), level: 2 }), ["edited 3"]],
    [
      "the address was changed",
      (all) => {
        const entry = all[2] as AuditEntry;
        return all.with(2, { ...entry, subject: { ...entry.subject, ip: "192.0.2.9" } as never });
      },
      ["edited 3"],
    ],
    [
      "the personal part was removed",
      (all) => {
        const { subject: _, ...rest } = all[2] as AuditEntry;
        return all.with(2, rest);
      },
      ["erased 3"],
    ],
    [
      "the content was removed",
      (all) => {
        const { v, chain, seq, at, previous, hash } = all[2] as AuditEntry;
        return all.with(2, { v, chain, seq, at, previous, hash } as AuditEntry);
      },
      ["erased 3"],
    ],
    [
      "an entry was made anew",
      (all) => all.with(2, appendEntry(all[1] as AuditEntry, { kind: "begun", at: 2 }, toTrailKeys())),
      ["unlinked 4"],
    ],
  ])("finds that %s", async (_name, tamper, problems) => {
    expect(await findProblems(tamper(createEntries()))).toEqual(problems);
  });

  it("finds a missing end only by a head that was kept", async () => {
    const all = createEntries();
    const head = all[5] as AuditHead;
    expect(await findProblems(all.slice(0, 4))).toEqual([]);
    expect(await findProblems(all.slice(0, 4), { heads: [head] })).toEqual(["truncated 6"]);
    expect(await findProblems([], { heads: [head] })).toEqual(["truncated 6"]);
    expect(await findProblems(all, { heads: [head, all[2]] })).toEqual([]);
    expect(await findProblems(all, { heads: [{ ...head, hash: "another" }] })).toEqual(["edited 6"]);
  });

  it("accepts an empty chain with the head that it had", async () => {
    expect(await findProblems([], { heads: [createChain()] })).toEqual([]);
  });

  it("finds a chain that was computed anew by its keys, and without keys only by a head", async () => {
    const genuine = createEntries(3);
    const head = genuine[2] as AuditHead;
    const forged = createEntries(3).map((entry) => entry);
    expect(await findProblems(forged)).toEqual([]);
    expect(await findProblems(forged, { heads: [head] })).toEqual(["truncated 3"]);
    expect(await findProblems(forged, { keys: [KEY] })).toEqual(["unkeyed 1", "unkeyed 2", "unkeyed 3"]);
    const keyed = createEntries(3, [KEY]);
    expect(await findProblems(keyed, { keys: [KEY] })).toEqual([]);
    expect(await findProblems(keyed, { keys: [OLD_KEY] })).toEqual(["unkeyed 1", "unkeyed 2", "unkeyed 3"]);
    expect(await findProblems(keyed)).toEqual(["unkeyed 1", "unkeyed 2", "unkeyed 3"]);
    // Hashes of another key under the name of this one.
    const [first] = createEntries(1, [OLD_KEY]);
    const keyId = keyed[0]?.keyId as string;
    expect(await findProblems([{ ...(first as AuditEntry), keyId }], { keys: [KEY] })).toEqual(["edited 1"]);
  });

  it("accepts entries of a former key while it is given", async () => {
    const old = createEntries(2, [OLD_KEY]);
    const both = [
      ...old,
      appendEntry(old[1] as AuditEntry, { kind: "closed", at: 5 }, toTrailKeys([KEY, OLD_KEY])),
    ];
    expect(await findProblems(both, { keys: [KEY, OLD_KEY] })).toEqual([]);
    expect(await findProblems(both, { keys: [KEY] })).toEqual(["unkeyed 1", "unkeyed 2"]);
  });

  it("accepts erased entries if a later entry says so, with the same pseudonym", async () => {
    const all = createEntries(3);
    const erase = (pseudonym?: string) => {
      const { subject: _, ...rest } = all[1] as AuditEntry;
      return all.with(1, { ...rest, ...(pseudonym && { pseudonym }) });
    };
    const say = (details: object) => ({ kind: "erased", at: 9, details }) as AuditDraft;
    expect(await findProblems(append(erase("p1"), say({ entries: [2], pseudonym: "p1" })))).toEqual([]);
    expect(await findProblems(append(erase("p2"), say({ entries: [2], pseudonym: "p1" })))).toEqual([
      "edited 2",
    ]);
    expect(await findProblems(append(erase(), say({ entries: [3] })))).toEqual(["erased 2"]);
  });

  it("accepts a missing beginning if a later entry says where it ended", async () => {
    const all = createEntries(4);
    const { chain, seq, hash } = all[1] as AuditEntry;
    const say = (upTo: object) =>
      append(all, { kind: "deleted", at: 9, details: { upTo } as never }).slice(2);
    expect(await findProblems(say({ chain, seq, hash }))).toEqual([]);
    expect(await findProblems(say({ chain, seq, hash }), { heads: [all[0], all[3]] })).toEqual([]);
    expect(await findProblems(say({ chain, seq, hash: "another" }))).toEqual(["missing 3"]);
    expect(await findProblems(say({ chain, seq, hash }).slice(1))).toEqual(["missing 4"]);
  });

  it("rejects heads that are none", async () => {
    for (const heads of [{}, [{}], [{ chain: "a", seq: "1", hash: "b" }]])
      await expect(verifyEntries([], { heads: heads as never })).rejects.toThrow(
        "heads must be an array of heads",
      );
  });

  it("does not keep a whole trail in memory, and lists at most 1 000 problems", async () => {
    const all = createEntries(2_500).filter(({ seq }) => seq % 2 === 0);
    const { problems } = await verifyEntries(all);
    expect(problems).toHaveLength(1_000);
  });
});

describe("toCanonicalJson", () => {
  it("does not depend on the order of members", () => {
    // The second key begins with a lower UTF-16 code unit than the third, although its code point is higher.
    const value = { b: [1, { d: null, c: "é" }], "\u{1f600}": 1e21, "\ufb33": false, a: undefined };
    expect(toCanonicalJson(value)).toBe('{"b":[1,{"c":"é","d":null}],"\u{1f600}":1e+21,"\ufb33":false}');
  });
});
