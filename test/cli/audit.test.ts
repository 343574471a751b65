/** `audit` on trails in PostgreSQL and SQLite, and on a file. */
// cspell:ignore exprot
import { readFileSync } from "node:fs";
import { Manager } from "sessionup";
import { auditLog, auditTrail, fileSink } from "sessionup/audit";
import { memoryStore } from "sessionup/stores/memory";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cli } from "./_cli.ts";
import { fill, SESSIONS } from "./_fill.ts";
import { type OpenedTrail, POSTGRES, SQLITE } from "./_trails.ts";

const KEY = "k".repeat(32);
/** More entries than a page has. */
const MANY = 600;
const AUDIT = "sessionup_sessions_audit";
const lines = (text: string) => text.split("\n").filter(Boolean);
const json = (text: string) => lines(text).map((line) => JSON.parse(line));

describe.each([POSTGRES, SQLITE])("audit of a trail in $name", ({ driver, start, open }) => {
  let cli: Cli;
  let url: string;
  let stop: (() => Promise<unknown>) | undefined;
  let opened: OpenedTrail;
  const env = () => ({ SESSIONUP_STORE: url, SESSIONUP_AUDIT_KEYS: KEY });
  const run = (...args: string[]) => cli.run(["audit", ...args], env());

  beforeAll(async () => {
    cli = await Cli.create([driver]);
    ({ url, stop } = await start());
  });

  afterAll(async () => {
    await opened?.close();
    await stop?.();
    cli?.remove();
  });

  it("a store without a trail is explained, with exit code 3", async () => {
    const plain = open(url, cli, false);
    await plain.store.migrate();
    await plain.close();
    for (const action of ["verify", "export", "head"]) {
      const { code, stdout, stderr } = await run(action);
      expect([code, stdout, stderr]).toEqual([
        3,
        "",
        expect.stringMatching(/^error: The store has no audit trail\.\n {2}Set the store's option audit/),
      ]);
    }
  });

  it("an empty trail is not a verified one", async () => {
    opened = open(url, cli, true);
    await opened.store.migrate();
    expect(await run("verify")).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("The trail has no entry."),
    });
    expect(await run("head")).toMatchObject({ code: 3, stdout: "" });
  });

  it("verify finds nothing wrong, and its head can be kept", async () => {
    const manager = new Manager(opened.store);
    const audit = auditLog(manager, { keys: [KEY] });
    await fill(manager);
    await audit.close();
    const { code, stdout } = await run("verify");
    expect([code, lines(stdout)[0]]).toEqual([0, `ok\tentries\t${SESSIONS} entries\t`]);
    const head = await run("head");
    expect([head.code, lines(head.stdout)]).toEqual([0, [expect.stringMatching(/^[\w-]+:12:[\w-]+$/)]]);
    expect(stdout).toContain(`ok\thead\t${head.stdout.trim()}\t`);
    cli.write("heads.txt", head.stdout);
    const report = await run("verify", "--head", "heads.txt", "--json");
    expect([report.code, JSON.parse(report.stdout)]).toMatchObject([
      0,
      { ok: true, entries: SESSIONS, problems: [] },
    ]);
  });

  it("without the keys, verify fails and says what to do", async () => {
    const { code, stdout } = await cli.run(["audit", "verify"], { SESSIONUP_STORE: url });
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^fail\tunkeyed\t.*SESSIONUP_AUDIT_KEYS/m)]);
  });

  it("rows without a place in the chain are left out, and stay as they are", async () => {
    const at = Date.now() - 7_200_000;
    const row = { at, kind: "entry", note: JSON.stringify({ at, kind: "rejected" }) };
    await opened.store.audit?.add(Array.from({ length: MANY }, () => row));
    for (const action of ["verify", "export"]) {
      const outcome = await cli.run(["audit", action], { SESSIONUP_STORE: url });
      expect(outcome.stderr).toMatch(/^500 rows or more without a place in the chain/m);
    }
    expect(await opened.store.audit?.readPending(1_000)).toHaveLength(MANY);
    expect(await auditTrail(opened.store, { keys: [KEY] }).seal()).toBe(MANY);
    expect((await run("verify")).code).toBe(0);
  });

  it.each([
    ["json", (line: Record<string, unknown>) => line.seq],
    ["ecs", (line: { event: { sequence: number } }) => line.event.sequence],
    ["ocsf", (line: { metadata: { sequence: number } }) => line.metadata.sequence],
  ] as const)("export prints every entry as %s", async (format, toNumber) => {
    const { code, stdout } = await run("export", "--format", format);
    const numbers = json(stdout).map((line) => toNumber(line));
    expect([code, numbers]).toEqual([0, Array.from({ length: SESSIONS + MANY }, (_, at) => at + 1)]);
  });

  it("export filters by user and time, and what it prints verifies", async () => {
    const own = await run("export", "--user", "ben", "--after", "1h");
    expect(json(own.stdout).map(({ subject }) => subject.userKey)).toEqual(["ben", "ben", "ben"]);
    expect(await run("export", "--user", "ben", "--before", "1h")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("No entry matches."),
    });
    cli.write("exported.jsonl", (await run("export")).stdout);
    expect(
      (await cli.run(["audit", "verify", "-f", "exported.jsonl"], { SESSIONUP_AUDIT_KEYS: KEY })).code,
    ).toBe(0);
  });

  it("verify names the row that was changed, and finds a cut end by a kept head", async () => {
    await opened.run(`UPDATE ${AUDIT} SET note = replace(note, 'Firefox', 'Safari') WHERE seq = 4`);
    const changed = await run("verify");
    expect([changed.code, changed.stdout]).toEqual([
      1,
      expect.stringMatching(/^fail\tedited\tchain [\w-]+, entry 4: Entry 4 was changed\./m),
    ]);
    await opened.run(`UPDATE ${AUDIT} SET note = replace(note, 'Safari', 'Firefox') WHERE seq = 4`);
    expect((await run("verify")).code).toBe(0);
    await opened.run(`UPDATE ${AUDIT} SET user_key = NULL WHERE seq = 5`);
    expect(await run("verify")).toMatchObject({ code: 1, stdout: expect.stringMatching(/entry 5:/) });
  });
});

describe("audit of a file", () => {
  let cli: Cli;
  const env = { SESSIONUP_AUDIT_KEYS: KEY };
  const run = (...args: string[]) => cli.run(["audit", ...args], env);
  let text = "";

  beforeAll(async () => {
    cli = await Cli.create();
    const manager = new Manager(memoryStore());
    const file = `${cli.folder}/audit.jsonl`;
    const audit = auditLog(manager, { to: [fileSink(file)], keys: [KEY] });
    await fill(manager);
    await audit.close();
    text = readFileSync(file, "utf8");
  });

  afterAll(() => cli?.remove());

  it("verify finds nothing wrong", async () => {
    const { code, stdout } = await cli.runProcess(["audit", "verify", "--file", "audit.jsonl"], env);
    expect([code, lines(stdout).length]).toEqual([0, 2]);
    expect(stdout).toMatch(/^ok\tentries\t14 entries/);
  });

  it("verify names the changed entry and the line that is none", async () => {
    const own = lines(text);
    const wrong = [...own.slice(0, 4), own[4]?.replace("Firefox", "Safari"), "{}", ...own.slice(5)];
    cli.write("changed.jsonl", `${wrong.join("\n")}\n`);
    const { code, stdout } = await run("verify", "--file", "changed.jsonl");
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^fail\tedited\tchain \S+, entry 5: /m)]);
    expect(stdout).toMatch(/^fail\tunreadable\tline 6: /m);
    const exported = await run("export", "--file", "changed.jsonl");
    expect(exported).toMatchObject({ code: 0, stderr: expect.stringMatching(/^1 line left out/m) });
    expect(lines(exported.stdout)).toHaveLength(own.length);
  });

  it("a kept head finds a cut end", async () => {
    const head = (await run("head", "--file", "audit.jsonl")).stdout.trim();
    cli.write("cut.jsonl", `${lines(text).slice(0, -2).join("\n")}\n`);
    expect((await run("verify", "--file", "cut.jsonl")).code).toBe(0);
    expect(await run("verify", "--file", "cut.jsonl", "--head", head)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^fail\ttruncated\tchain \S+, entry 14: /m),
    });
    expect((await run("verify", "--file", "audit.jsonl", "--head", head)).code).toBe(0);
    cli.write("empty.jsonl", "");
    expect((await run("verify", "--file", "empty.jsonl")).code).toBe(3);
    expect((await run("verify", "--file", "empty.jsonl", "--head", head)).code).toBe(1);
  });

  it("a reader that has enough ends an export without an error", async () => {
    cli.write("long.jsonl", text.repeat(2_000));
    const child = cli.spawn(["audit", "export", "--file", "long.jsonl"]);
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    expect([await new Promise((resolve) => child.once("close", resolve)), stderr]).toEqual([0, ""]);
  });

  it.each([
    [
      ["verify", "--file", "missing.jsonl"],
      3,
      /There is no audit trail: the file .*missing\.jsonl does not exist/,
    ],
    [["check"], 2, /"check" is not one of verify, export, head/],
    [["exprot"], 2, /Did you mean "audit export"\?/],
    [["verify", "--user", "ben", "--file", "audit.jsonl"], 2, /--user has no effect on audit verify/],
    [["verify", "--file", "audit.jsonl", "--table", "t"], 2, /--table has no effect with --file/],
    [["export", "--format", "csv"], 2, /--format must be one of json, ecs, ocsf/],
    [["export", "--after", "1d", "--before", "2d"], 2, /No entry can match/],
  ])("%j explains itself", async (args, exitCode, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout, stderr]).toEqual([exitCode, "", expect.stringMatching(message)]);
  });

  it("a module whose store has no trail is explained, and keys never appear in a message", async () => {
    cli.write("sessions.js", 'export { store } from "./store.js";');
    cli.write(
      "store.js",
      'import { memoryStore } from "sessionup/stores/memory";\nexport const store = memoryStore();',
    );
    expect(await cli.runProcess(["audit", "verify", "--store", "./sessions.js"], env)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("Set the store's option audit in the module"),
    });
    const short = await cli.run(["audit", "verify"], { SESSIONUP_AUDIT_KEYS: "hunter2" });
    expect([short.code, short.stderr]).toEqual([2, expect.not.stringContaining("hunter2")]);
  });
});
