/** The entries that the command line writes to the trail in the app's store, with real servers. */
import { Manager } from "sessionup";
import { type AuditEntry, auditLog } from "sessionup/audit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cli } from "./_cli.ts";
import { fill, SESSIONS } from "./_fill.ts";
import { LIBSQL, MARIADB, type OpenedTrail, POSTGRES, SQLITE } from "./_trails.ts";

const KEY = "k".repeat(32);
const HOUR = 3_600_000;
const lines = (text: string) => text.split("\n").filter(Boolean);
const json = (text: string) => lines(text).map((line) => JSON.parse(line));

describe.each([POSTGRES, MARIADB, SQLITE, LIBSQL])("a trail in $name", ({ driver, start, open }) => {
  let cli: Cli;
  let url: string;
  let stop: (() => Promise<unknown>) | undefined;
  let app: OpenedTrail;

  beforeAll(async () => {
    cli = await Cli.create([driver]);
    ({ url, stop } = await start());
  });

  afterAll(async () => {
    await app?.close();
    await stop?.();
    cli?.remove();
  });

  const run = (...args: string[]) => cli.run(args, { SESSIONUP_STORE: url, SESSIONUP_AUDIT_KEYS: KEY });

  /** Runs the app, with its audit log, until the work is done. */
  async function withApp<Answer>(work: (manager: Manager) => Promise<Answer>): Promise<Answer> {
    const manager = new Manager(app.store);
    const audit = auditLog(manager, { keys: [KEY] });
    // More often than every second, the shortest time of the option.
    const timer = setInterval(() => void audit.flush(), 50);
    try {
      return await work(manager);
    } finally {
      clearInterval(timer);
      await audit.close();
    }
  }

  async function exportEntries(...args: string[]): Promise<readonly AuditEntry[]> {
    const { code, stdout } = await run("audit", "export", ...args);
    expect(code).toBe(0);
    return json(stdout);
  }

  it("migrate creates its tables only with --audit, and doctor tells whether there are some", async () => {
    expect((await run("migrate", "--print")).stdout).not.toContain("_audit");
    expect((await run("migrate", "--print", "--audit")).stdout).toMatch(/CREATE TABLE.*_audit\b/);
    expect((await run("migrate")).stderr).toMatch(/^Created the tables, version \d\.\n$/);
    expect((await run("doctor")).stdout).toMatch(/^ok\taudit trail\tThe store has none\t$/m);
    app = open(url, cli, true);
    await expect(app.store.audit?.readState()).rejects.toThrow();
    const plain = open(url, cli, false);
    await fill(new Manager(plain.store));
    await plain.close();
    expect((await run("revoke-where", "--everyone", "--yes", "--json")).code).toBe(0);
    expect((await run("migrate", "--audit")).stderr).toContain(
      "The tables of the audit trail are up to date.",
    );
    expect((await app.store.audit?.readState())?.seq).toBe(0);
    expect((await run("migrate")).stderr).toMatch(
      /Nothing to do\.\nThe tables of the audit trail are up to date\./,
    );
    expect((await run("doctor")).stdout).toMatch(/^ok\taudit trail\tIn the store, up to entry 0\t$/m);
  });

  it("every end of the command line is in it, with the operator, and the chain verifies", async () => {
    await withApp(fill);
    const [first] = json((await run("list", "--user", "ben", "--json")).stdout);
    const commands = [
      ["revoke", first.id],
      ["revoke", "--user", "ben"],
      ["revoke-where", "--ip", "203.0.0.0/24", "--yes"],
    ];
    for (const command of commands) expect((await run(...command, "--by", "grace")).code).toBe(0);
    // The command line has no keys, so it leaves the rows without a place in the chain.
    expect(await app.store.audit?.readPending(100)).toHaveLength(6);
    expect(await exportEntries()).toHaveLength(SESSIONS);
    await withApp(async () => undefined);
    expect(await run("audit", "verify")).toMatchObject({ code: 0 });
    const ends = (await exportEntries()).filter(({ kind }) => kind === "ended");
    expect(ends).toHaveLength(6);
    expect(ends.map(({ subject }) => subject?.userKey).sort()).toEqual([
      ...Array(3).fill("ann@example.com"),
      ...Array(3).fill("ben"),
    ]);
    expect(ends.flatMap(({ subject }) => subject?.sessions)).toContain(first.id);
    for (const { reason, by, subject } of ends) {
      expect([reason, by, subject?.actor]).toEqual(["revoked", "admin", "grace"]);
      // As little as the rows of the app: an end names no client.
      expect(Object.keys(subject ?? {}).sort()).toEqual(["actor", "salt", "sessions", "userKey"]);
    }
  });

  it("export-user has the entries of the user, also without sessions", async () => {
    const { code, stdout } = await run("export-user", "ben");
    const { sessions, trail } = JSON.parse(stdout);
    expect([code, sessions]).toEqual([0, []]);
    expect(trail.map(({ kind }: AuditEntry) => kind)).toEqual([
      ...Array(3).fill("begun"),
      ...Array(3).fill("ended"),
    ]);
  });

  it("erase-user removes the user from it while the app runs, and the chain still verifies", async () => {
    const user = "日本語の名前";
    const erase = ["erase-user", user, "--yes", "--json", "--timeout", "1s"];
    // Without the app, the rows of these ends get no place in the chain.
    const alone = await run(...erase);
    expect([alone.code, alone.stdout]).toEqual([1, ""]);
    expect(alone.stderr).toMatch(/The sessions have ended, and the audit trail still names the user: 3 rows/);
    const [erased, verified] = await withApp(async () => [
      await run(...erase.slice(0, 4)),
      await run("audit", "verify"),
    ]);
    expect([erased?.code, json(erased?.stdout ?? "")]).toEqual([
      0,
      [{ sessions: 0, tombstones: 0, trail: 6 }],
    ]);
    expect(verified).toMatchObject({ code: 0 });
    expect(await exportEntries("--user", user)).toEqual([]);
    const names = (await exportEntries()).map(({ pseudonym }) => pseudonym).filter(Boolean);
    expect([names.length, new Set(names).size]).toEqual([6, 1]);
    expect((await run("export-user", user)).code).toBe(3);
  });

  it("erase-user --trail keeps or deletes the entries", async () => {
    const erase = ["erase-user", "ben", "--yes", "--json", "--trail"];
    expect(await run(...erase, "keep")).toMatchObject({ code: 3 });
    expect(await exportEntries("--user", "ben")).toHaveLength(6);
    expect(await withApp(() => run(...erase, "delete"))).toMatchObject({ code: 0 });
    const deleted = (await exportEntries()).filter(({ kind }) => kind === undefined);
    expect(deleted).toHaveLength(6);
    expect(await run("audit", "verify")).toMatchObject({ code: 0 });
    expect(await run(...erase, "burn")).toMatchObject({ code: 2 });
  });

  it("doctor warns when no process of the app completes it", async () => {
    const at = Date.now() - HOUR;
    await app.store.audit?.add([{ at, kind: "entry", note: JSON.stringify({ at, kind: "rejected" }) }]);
    expect((await run("doctor")).stdout).toMatch(
      /^warn\taudit trail\t1 row without a place in the chain: .*\tCall auditLog/m,
    );
  });
});

describe("a module of the app", () => {
  it("erase-user removes the user from its trail, which its own audit log completes", async () => {
    const cli = await Cli.create(["libsql"]);
    const app = SQLITE.open("", cli, true);
    await app.store.migrate();
    await fill(new Manager(app.store));
    await app.close();
    cli.write(
      "sessions.js",
      `import Database from "libsql";
import { Manager } from "sessionup";
import { auditLog } from "sessionup/audit";
import { sqliteAudit, sqliteStore } from "sessionup/stores/sqlite";
export const manager = new Manager(sqliteStore(new Database("sessions.db"), { audit: sqliteAudit() }));
auditLog(manager, { keys: ["${KEY}"] });
`,
    );
    const env = { SESSIONUP_STORE: "./sessions.js", SESSIONUP_AUDIT_KEYS: KEY };
    const erased = await cli.runProcess(["erase-user", "ben", "--yes", "--json"], env);
    expect([erased.code, json(erased.stdout)]).toEqual([0, [{ sessions: 3, tombstones: 0, trail: 6 }]]);
    expect(await cli.runProcess(["audit", "verify"], env)).toMatchObject({ code: 0 });
    cli.remove();
  });

  it("--audit has no effect, so it is rejected", async () => {
    const cli = await Cli.create();
    cli.write(
      "store.js",
      'import { memoryStore } from "sessionup/stores/memory";\nexport const store = memoryStore();',
    );
    const { code, stderr } = await cli.runProcess(["migrate", "--audit", "--store", "./store.js"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("set the store's option audit there")]);
    cli.remove();
  });
});
