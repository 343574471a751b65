import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../exit-code.ts";
import { toFindings } from "./audit-findings.ts";
import { formatHead, parseHead, readHeads } from "./audit-heads.ts";
import { readAuditKeys } from "./audit-keys.ts";

const KEYS = ["a".repeat(32), "b".repeat(32)];
const HEAD = { chain: "c1", seq: 12, hash: "A_z-9" };

describe("readAuditKeys", () => {
  it("splits keys at commas, and knows a trail without keys", () => {
    expect(readAuditKeys({ SESSIONUP_AUDIT_KEYS: KEYS.join(", ") })).toEqual(KEYS);
    expect(readAuditKeys({})).toBeUndefined();
    expect(readAuditKeys({ SESSIONUP_AUDIT_KEYS: "" })).toBeUndefined();
  });

  it("rejects a short key without repeating it", () => {
    const read = () => readAuditKeys({ SESSIONUP_AUDIT_KEYS: `${KEYS[0]},too-short` });
    expect(read).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
    expect(read).not.toThrow(/too-short|aaaa/);
  });
});

describe("heads", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sessionup-heads-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([formatHead(HEAD), JSON.stringify(HEAD)])("parseHead reads %s", (text) => {
    expect(parseHead(text)).toEqual(HEAD);
  });

  it.each(["", "c1:12", "c1:-1:x", "heads.txt", "null", '{"chain":"c1"}'])("parseHead rejects %j", (text) => {
    expect(parseHead(text)).toBeUndefined();
  });

  it("a file counts with the last line of each chain", async () => {
    const lines = ["c1:1:x", JSON.stringify({ chain: "c2", seq: 3, hash: "z" }), "", formatHead(HEAD), ""];
    writeFileSync(join(folder, "heads.txt"), lines.join("\n"));
    expect(await readHeads("heads.txt", folder)).toEqual([HEAD, { chain: "c2", seq: 3, hash: "z" }]);
  });

  it.each([
    ["missing.txt", /The file cannot be read|must be a head/],
    ["wrong.txt", /Line 2 of the file of --head is not a head/],
    ["empty.txt", /is empty/],
  ])("%s is a wrong command line", async (name, message) => {
    writeFileSync(join(folder, "wrong.txt"), "c1:1:x\nnonsense\n");
    writeFileSync(join(folder, "empty.txt"), "\n");
    await expect(readHeads(name, folder)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(message),
    });
  });
});

it("toFindings names the place of each problem", () => {
  const problems = [
    { problem: "edited", chain: "c1", seq: 7, text: "Entry 7 was changed." },
    { problem: "unreadable", seq: 9, text: "Line 9 is not an entry." },
  ] as const;
  const report = { ok: false, entries: 1_234, heads: [HEAD], follows: [{ ...HEAD, chain: "c0" }], problems };
  expect(toFindings(report).map(({ status, name, text }) => [status, name, text])).toEqual([
    ["ok", "entries", "1 234 entries"],
    ["ok", "head", "c1:12:A_z-9"],
    ["warn", "follows", "The file continues an earlier one, which ends with entry 12 of chain c0."],
    ["fail", "edited", "chain c1, entry 7: Entry 7 was changed."],
    ["fail", "unreadable", "line 9: Line 9 is not an entry."],
  ]);
});
