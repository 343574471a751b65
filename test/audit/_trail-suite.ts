import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type Actor, Manager, type ManagerOptions, type Store } from "sessionup";
import { checkManager, revokeAllBefore } from "sessionup/admin";
import {
  type AuditEntry,
  type AuditLogOptions,
  type AuditSink,
  auditLog,
  auditTrail,
  verifyEntries,
} from "sessionup/audit";
import { previousCookies } from "sessionup/previous-cookies";
import { TestClock } from "sessionup/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimOnce } from "../../src/lifecycle/claim.ts";
import { getLifecycle } from "../../src/lifecycle/lifecycle.ts";
import { ROOT, toCommand } from "../contract/programs.ts";
import { Browser, testSessions } from "../support/browser.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";
const KEY = "k".repeat(32);
const AUDIT = "sessionup_sessions_audit";

/** An engine with a trail. */
export interface TrailBackend {
  readonly name: string;
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  /** Opens a store on another connection, with or without the option `audit`. */
  open(audits?: boolean): Store & { migrate(): Promise<void> };
  /** Runs SQL by hand, and returns rows by column. */
  run(sql: string): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>>;
  /** The file of a process that logs users in and out, and its arguments. */
  readonly child: string;
  /** The table with the end of the chain. */
  readonly head: string;
  args(): readonly string[];
}

class ListSink implements AuditSink {
  readonly entries: AuditEntry[] = [];
  failing: unknown;

  write(entries: readonly AuditEntry[]): void {
    if (this.failing) throw this.failing;
    this.entries.push(...entries);
  }
}

/** Tests the trail of a store. */
export function trailSuite(backend: TrailBackend): void {
  const closing: Array<() => Promise<unknown>> = [];

  function setUp(options: ManagerOptions = {}, log: AuditLogOptions = {}) {
    const clock = new TestClock();
    const store = backend.open();
    const manager = new Manager(store, { clock: clock.now, ...options });
    const errors: Error[] = [];
    manager.events.on("error", ({ error }) => errors.push(error));
    const audit = auditLog(manager, { keys: [KEY], sealEvery: "1h", ...log });
    closing.push(async () => {
      await audit.close().catch(() => undefined);
      await store.close?.();
    });
    return { clock, store, manager, errors, audit, trail: audit.trail, sessions: testSessions(manager) };
  }

  async function collect(entries: AsyncIterable<AuditEntry>): Promise<AuditEntry[]> {
    const all: AuditEntry[] = [];
    for await (const entry of entries) all.push(entry);
    return all;
  }

  /** Logs six users in, of whom each second logs out. */
  async function fill(sessions: ReturnType<typeof setUp>["sessions"], clock: TestClock): Promise<void> {
    for (const [index, user] of ["ann", "bob", "ann", "cid", "ann", "bob"].entries()) {
      const browser = new Browser({ "user-agent": FIREFOX });
      await browser.visit((request) => sessions.init(request, user));
      clock.advance("1h");
      if (index % 2) await browser.visit((request) => sessions.revoke(request));
    }
  }

  async function findProblems(): Promise<string[]> {
    const store = backend.open();
    try {
      const { problems, ok } = await auditTrail(store, { keys: [KEY] }).verify();
      expect(ok).toBe(problems.length === 0);
      return problems.map(({ problem, seq }) => `${problem} ${seq}`);
    } finally {
      await store.close?.();
    }
  }

  describe(`the audit trail of ${backend.name}`, () => {
    beforeAll(async () => {
      await backend.start();
    });
    afterAll(async () => {
      await backend.stop();
    });
    /** The tables of the trail, on any of the engines. */
    const TRAIL_TABLES = ["_audit", "_audit_head", "_trail", "_audit_schema"];
    const drop = async (tables: readonly string[]) => {
      for (const table of tables) await backend.run(`DROP TABLE IF EXISTS sessionup_sessions${table}`);
    };
    beforeEach(async () => {
      for (const close of closing.splice(0)) await close();
      await drop([...TRAIL_TABLES, "", "_schema", "_ends", "_events", "_slots"]);
      const store = backend.open();
      await store.migrate();
      await store.migrate();
      await store.close?.();
    });

    it.each<[how: string, options: ManagerOptions]>([
      ["removed", {}],
      ["kept as tombstones", { tombstones: "1d" }],
    ])("records what happens to sessions, when ended ones are %s", async (_how, options) => {
      const { sessions, manager, trail, audit, clock, store } = setUp({
        maxSessions: { max: 2, onExceed: "evict-oldest" },
        idleTimeout: "30m",
        ...options,
      });
      const browser = new Browser({ "user-agent": FIREFOX });
      const grace = { kind: "admin", id: "grace" } as const;
      const logIn = async (user: string, own = new Browser(), by?: Actor) => {
        clock.advance("1s");
        return (await own.visit((request) => sessions.init(request, user, { ...(by && { by }) }))).id;
      };
      const first = await logIn("ann", browser);
      await browser.visit((request) => sessions.rotate(request));
      await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
      await browser.visit((request) =>
        sessions.updateMeta(request, () => undefined as never).catch(() => undefined),
      );
      const second = await logIn("ann", browser, grace);
      const [third, fourth] = [await logIn("ann", new Browser(), grace), await logIn("ann")];
      await manager.revokeById(third, { by: grace });
      await manager.revokeByUserKey("ann");
      const fifth = await logIn("bob");
      clock.advance("1s");
      await revokeAllBefore(manager, new Date(clock.now()), { by: { kind: "system", id: "breach job" } });
      const sixth = await logIn("cid");
      await claimOnce(getLifecycle(manager) as never, "pocket", "n".repeat(22), clock.now() + 60_000);
      const guest = new Browser({ cookie: "__Host-sessionup=malformed" });
      await guest.visit((request) => sessions.authorize(request));
      clock.advance("2d");
      await store.deleteExpired?.(clock.now(), 100);
      await audit.flush();
      const shown = (await collect(trail.readAll())).map(({ kind, reason, by, level, subject }) =>
        [kind, subject?.userKey, subject?.sessions.join(), reason, by, level, subject?.actor]
          .filter((each) => each !== undefined)
          .join(" "),
      );
      // The two ends of one step have no order.
      expect(shown).toEqual(
        [
          `begun ann ${first} user`,
          `rotated ann ${first} rotate system`,
          `elevated ann ${first} user 2`,
          `ended ann ${first} logout user`,
          `begun ann ${second} admin grace`,
          `begun ann ${third} admin grace`,
          `ended ann ${second} evicted policy`,
          `begun ann ${fourth} user`,
          `ended ann ${third} revoked admin grace`,
          `ended ann ${fourth} revoked system`,
          `begun bob ${fifth} user`,
          `ended bob ${fifth} revoked system breach job`,
          `begun cid ${sixth} user`,
          "rejected malformed policy",
          `ended cid ${sixth} idle policy`,
        ].sort((a, b) => shown.indexOf(a) - shown.indexOf(b)),
      );
      expect(shown).toHaveLength(15);
      const [begun] = await trail.read({ limit: 1 });
      expect(begun?.subject).toMatchObject({ ip: "192.0.2.1", agent: { browser: "Firefox", os: "Linux" } });
      expect(await findProblems()).toEqual([]);
    });

    it("records a session that moved to another cookie", async () => {
      const former = setUp({ cookie: { name: "former" } });
      const browser = new Browser();
      await browser.visit((request) => former.sessions.init(request, "ann"));
      const { sessions, trail } = setUp({
        cookie: { name: "later", previous: previousCookies([{ name: "former" }]) },
      });
      await browser.visit((request) => sessions.authorize(request));
      expect((await trail.read()).map(({ kind }) => kind)).toEqual(["begun", "moved"]);
    });

    it("an entry contains no secret, no hash and no address beyond client.ip", async () => {
      const tokens: string[] = [];
      for (const ip of ["prefix", "hash", false] as const) {
        const { sessions } = setUp({ client: { ip }, keys: [KEY], tombstones: "1d" });
        const browser = new Browser({ "user-agent": FIREFOX });
        await browser.visit((request) => sessions.init(request, "ann"));
        tokens.push(...browser.jar.values());
        await browser.visit((request) => sessions.reauthenticate(request));
        tokens.push(...browser.jar.values());
      }
      const data = (await backend.run("SELECT data FROM sessionup_sessions")).map(({ data }) =>
        JSON.parse(String(data)),
      );
      const secrets = data.flatMap(({ root, secret, network, retired = [], pending = [] }) => [
        root,
        secret,
        network,
        ...[...retired, ...pending].map(({ hash }) => hash),
      ]);
      const forbidden = [
        ...secrets.filter(Boolean),
        ...tokens.map((token) => token.split(".")[1] ?? ""),
        "192.0.2.1",
      ];
      expect(forbidden.length).toBeGreaterThan(12);
      const { trail } = setUp();
      for (const read of [() => Promise.resolve(), () => trail.seal()]) {
        await read();
        const text = JSON.stringify(
          (await backend.run(`SELECT * FROM ${AUDIT}`)).map((row) => ({ ...row, note: String(row.note) })),
        );
        for (const each of forbidden) expect(text).not.toContain(each);
        expect(text).toContain("192.0.2.0/24");
      }
    });

    it("checkManager fails without the tables of the trail, of which inspect reports the version", async () => {
      const { store, manager } = setUp();
      const current = { auditSchema: { found: 1, needed: 1 } };
      expect(await store.inspect?.()).toMatchObject(current);
      expect(await checkManager(manager, { timeout: "30s" })).toMatchObject({ ok: true, ...current });
      const plain = backend.open(false);
      expect(await plain.inspect?.()).not.toHaveProperty("auditSchema");
      await drop(TRAIL_TABLES);
      const { ok, auditSchema, problems } = await checkManager(manager, { timeout: "30s" });
      expect([ok, auditSchema]).toEqual([false, { found: 0, needed: 1 }]);
      expect(problems).toContain(
        "The tables of the audit trail have version 0, this release needs 1. Call migrate().",
      );
      expect((await checkManager(new Manager(plain), { timeout: "30s" })).ok).toBe(true);
      await plain.close?.();
      await store.migrate();
      expect(await checkManager(manager, { timeout: "30s" })).toMatchObject({ ok: true, ...current });
    });

    it("a store without the option writes no trail, and auditTrail rejects it", async () => {
      const store = backend.open(false);
      const sessions = testSessions(new Manager(store));
      const browser = new Browser();
      await browser.visit((request) => sessions.init(request, "ann"));
      await browser.visit((request) => sessions.revoke(request));
      expect(await backend.run(`SELECT * FROM ${AUDIT}`)).toEqual([]);
      expect(() => auditTrail(store)).toThrow("requires a store that writes a trail");
      await store.close?.();
    });

    it("an operation that the store rejects leaves no entry", async () => {
      const { sessions, manager, trail, store } = setUp({ maxSessions: { max: 1, onExceed: "reject" } });
      await new Browser().visit((request) => sessions.init(request, "ann"));
      await expect(new Browser().visit((request) => sessions.init(request, "ann"))).rejects.toMatchObject({
        code: "ERR_LIMIT",
      });
      await manager.revokeById("0".repeat(22));
      const [{ id } = { id: "" }] = await manager.fetchByUserKey("ann");
      expect(await store.deleteById(id, { reason: "revoked", now: Date.now() }, "bob")).toBe("not_owner");
      const [record] = await store.fetchByIds([id]);
      await expect(store.create(record as never, { now: Date.now() })).rejects.toMatchObject({
        code: "ERR_DUPLICATE_ID",
      });
      expect(
        await store.update(id, { data: record?.data as never }, { now: 0, ifRevision: 9, entry: "rotated" }),
      ).toBe("conflict");
      expect((await trail.read()).map(({ kind }) => kind)).toEqual(["begun"]);
    });

    it("reads pages of a user and of a range of times", async () => {
      const { sessions, trail, clock } = setUp();
      const start = clock.now();
      await fill(sessions, clock);
      const all = await trail.read();
      expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const own = await collect(trail.readUser("ann"));
      expect(own.map(({ seq }) => seq)).toEqual([1, 4, 7]);
      const seqs = async (query: object) => (await trail.read(query)).map(({ seq }) => seq);
      expect(await seqs({ limit: 2 })).toEqual([1, 2]);
      expect(await seqs({ limit: 2, after: 2 })).toEqual([3, 4]);
      expect(await seqs({ userKey: "ann", limit: 2 })).toEqual([1, 4]);
      expect(await seqs({ userKey: "ann", limit: 2, after: 4 })).toEqual([7]);
      const hour = (count: number) => new Date(start + count * 3_600_000);
      expect(await seqs({ from: hour(1), before: hour(2) })).toEqual([2]);
      expect(await seqs({ userKey: "ann", from: hour(1), before: hour(4) })).toEqual([4]);
      expect(await seqs({ userKey: "zoe" })).toEqual([]);
      await expect(trail.read({ limit: 0 })).rejects.toThrow("read.limit must be a positive integer");
      await expect(trail.read({ from: "now" as never })).rejects.toThrow("read.from must be a valid Date");
    });

    it.each<[what: string, sql: readonly string[], problems: readonly string[]]>([
      [
        "an address was changed",
        [`UPDATE ${AUDIT} SET note = replace(note, '192.0.2.1', '192.0.2.9') WHERE seq = 4`],
        ["edited 4"],
      ],
      ["a time was changed", [`UPDATE ${AUDIT} SET at = at + 1 WHERE seq = 4`], ["edited 4"]],
      ["the user of a row was removed", [`UPDATE ${AUDIT} SET user_key = NULL WHERE seq = 4`], ["edited 4"]],
      ["an entry was deleted", [`DELETE FROM ${AUDIT} WHERE seq = 4`], ["missing 5"]],
      ["the first entries were deleted", [`DELETE FROM ${AUDIT} WHERE seq < 4`], ["missing 4"]],
      ["the last entries were deleted", [`DELETE FROM ${AUDIT} WHERE seq > 7`], ["truncated 9"]],
      [
        "two entries changed places",
        [3, 4]
          .map((seq) => `UPDATE ${AUDIT} SET seq = ${seq} + 100 WHERE seq = ${seq}`)
          .concat(
            `UPDATE ${AUDIT} SET seq = 4 WHERE seq = 103`,
            `UPDATE ${AUDIT} SET seq = 3 WHERE seq = 104`,
          ),
        ["edited 3", "edited 4", "missing 5"],
      ],
      [
        "an entry was inserted",
        [
          `INSERT INTO ${AUDIT} (seq, at, kind, user_key, note) SELECT 10, at, kind, user_key, note FROM ${AUDIT} WHERE seq = 4`,
        ],
        ["edited 10"],
      ],
      [
        "entries at the end were deleted and the end was moved",
        [`DELETE FROM ${AUDIT} WHERE seq > 7`, `UPDATE ${backend.head} SET seq = 7`],
        ["edited 7"],
      ],
    ])("verify finds that %s", async (_what, sql, problems) => {
      const { sessions, trail, clock } = setUp();
      await fill(sessions, clock);
      await trail.seal();
      expect(await findProblems()).toEqual([]);
      for (const statement of sql) await backend.run(statement);
      expect(await findProblems()).toEqual(problems);
    });

    it("verify finds a missing end by a head that was kept, even if the table of heads was adapted", async () => {
      const { sessions, trail, clock } = setUp();
      await fill(sessions, clock);
      const head = await trail.head();
      const [seventh] = await trail.read({ after: 6, limit: 1 });
      await backend.run(`DELETE FROM ${AUDIT} WHERE seq > 7`);
      await backend.run(`UPDATE ${backend.head} SET seq = 7, hash = '${seventh?.hash}'`);
      expect(await findProblems()).toEqual([]);
      expect((await trail.verify({ head })).problems).toMatchObject([{ problem: "truncated", seq: 9 }]);
      expect(await verifyEntries(trail.readAll(), { keys: [KEY], heads: [head] })).toMatchObject({
        ok: false,
      });
    });

    it("verify finds entries of another key, and accepts those of a former key", async () => {
      const first = setUp({}, { keys: ["o".repeat(32)] });
      await fill(first.sessions, first.clock);
      await first.trail.seal();
      expect(new Set((await findProblems()).map((each) => each.split(" ")[0]))).toEqual(new Set(["unkeyed"]));
      const { trail } = setUp({}, { keys: [KEY, "o".repeat(32)] });
      expect(await trail.verify()).toMatchObject({ ok: true, entries: 9 });
    });

    it("deleteBefore removes old entries, and the rest still verifies", async () => {
      const { sessions, trail, clock } = setUp();
      const start = clock.now();
      await fill(sessions, clock);
      const head = await trail.head();
      expect(await trail.deleteBefore(new Date(start))).toBe(0);
      expect(await trail.deleteBefore(new Date(start + 2 * 3_600_000))).toBe(2);
      expect(await trail.deleteBefore(new Date(start + 3 * 3_600_000))).toBe(2);
      expect(await trail.deleteBefore(new Date(start + 3 * 3_600_000))).toBe(0);
      expect((await trail.read()).map(({ seq, kind }) => `${seq} ${kind}`)).toEqual([
        "5 begun",
        "6 ended",
        "7 begun",
        "8 begun",
        "9 ended",
        "10 deleted",
        "11 deleted",
      ]);
      expect(await trail.verify({ head })).toMatchObject({ ok: true, entries: 7 });
      await backend.run(`DELETE FROM ${AUDIT} WHERE seq = 5`);
      expect(await findProblems()).toEqual(["missing 6"]);
      clock.advance("1d");
      expect(await trail.deleteBefore(new Date(clock.now() - 1))).toBe(6);
      expect((await trail.read()).map(({ seq, kind }) => `${seq} ${kind}`)).toEqual(["12 deleted"]);
      await expect(trail.deleteBefore("2026" as never)).rejects.toThrow("deleteBefore must be a valid Date");
    });

    it.each(["pseudonymize", "delete"] as const)(
      "eraseUser with %s removes a user, and the chain still verifies",
      async (policy) => {
        const { sessions, trail, clock } = setUp();
        await fill(sessions, clock);
        const head = await trail.head();
        expect(await trail.eraseUser("ann", { policy: "keep" })).toBe(0);
        expect(await collect(trail.readUser("ann"))).toHaveLength(3);
        expect(await trail.eraseUser("ann", { policy })).toBe(3);
        expect(await trail.eraseUser("ann", { policy })).toBe(0);
        expect(await collect(trail.readUser("ann"))).toEqual([]);
        expect(await collect(trail.readUser("bob"))).toHaveLength(4);
        const all = await trail.read();
        expect(JSON.stringify(all)).not.toContain('"ann"');
        const rows = await backend.run(`SELECT * FROM ${AUDIT} WHERE seq IN (1, 4, 7)`);
        expect(JSON.stringify(rows.map(({ note, user_key }) => [String(note), user_key]))).not.toMatch(
          /ann|192\.0\.2|Firefox|salt/,
        );
        const erased = all.filter(({ seq }) => [1, 4, 7].includes(seq));
        const names = erased.map(({ pseudonym }) => pseudonym);
        expect(erased.map(({ kind }) => kind)).toEqual(
          Array(3).fill(policy === "delete" ? undefined : "begun"),
        );
        expect(new Set(names).size).toBe(1);
        expect(names[0]).toEqual(policy === "delete" ? undefined : expect.stringMatching(/^\w{20}$/));
        expect(await trail.verify({ head })).toMatchObject({ ok: true, entries: 10 });
        expect(await verifyEntries(all, { keys: [KEY], heads: [head] })).toMatchObject({ ok: true });
        // The same removal by hand is found.
        const [second] = await trail.read({ after: 1, limit: 1 });
        const { subject: _, ...rest } = second as AuditEntry;
        await backend.run(
          `UPDATE ${AUDIT} SET note = '${JSON.stringify(rest)}', user_key = NULL WHERE seq = 2`,
        );
        expect(await findProblems()).toEqual(["erased 2"]);
      },
    );

    it("one process at a time passes sealed entries to its sinks, and another takes over", async () => {
      const [one, two] = [new ListSink(), new ListSink()];
      const first = setUp({}, { to: [one] });
      const second = setUp({}, { to: [two] });
      await first.audit.flush();
      for (let count = 0; count < 9; count++)
        await new Browser().visit((request) => second.sessions.init(request, "ann"));
      await second.audit.flush();
      await first.audit.flush();
      expect([one.entries.length, two.entries.length]).toEqual([9, 0]);
      one.failing = new Error("down");
      await new Browser().visit((request) => second.sessions.init(request, "eve"));
      await expect(first.audit.flush()).rejects.toThrow("down");
      await expect(first.audit.flush()).rejects.toThrow("down");
      expect(first.errors.map(({ message }) => message)).toEqual([
        "sessionup: the audit trail could not be sealed or sent.",
      ]);
      await expect(first.audit.close()).rejects.toThrow("down");
      await second.audit.flush();
      expect(two.entries.map(({ seq }) => seq)).toEqual([10]);
      expect(await verifyEntries([...one.entries, ...two.entries], { keys: [KEY] })).toMatchObject({
        ok: true,
      });
    });

    it("several processes that seal at the same moment make one chain", async () => {
      const logs = Array.from({ length: 4 }, () => setUp());
      await Promise.all(
        logs.map(async ({ sessions, trail }, index) => {
          for (let count = 0; count < 15; count++) {
            await new Browser().visit((request) => sessions.init(request, `user ${index}`));
            await trail.seal();
          }
        }),
      );
      const { trail } = setUp();
      expect(await trail.verify()).toMatchObject({ ok: true, entries: 60 });
    });

    it("processes that are killed leave no session without an entry, and no entry without its step", async () => {
      const began = new Set<string>();
      const ended = new Set<string>();
      const children: ChildProcess[] = [];
      for (let count = 0; count < 4; count++) {
        const [program, ...rest] = await toCommand(`${ROOT}test/audit/${backend.child}`);
        const child = spawn(program, [...rest, ...backend.args()], {
          cwd: ROOT,
          stdio: ["ignore", "pipe", "inherit"],
        });
        children.push(child);
        let heard = 0;
        const enough = new Promise<void>((resolve) => {
          createInterface({ input: child.stdout }).on("line", (line) => {
            const step = JSON.parse(line) as { began?: string; ended?: string };
            if (step.began) began.add(step.began);
            if (step.ended) ended.add(step.ended);
            if (++heard === 60) resolve();
          });
        });
        // Each process is killed in the midst of its work, while the next one has begun.
        void enough.then(() => setTimeout(() => child.kill("SIGKILL"), 13 * count));
      }
      await Promise.all(children.map((child) => once(child, "close")));
      const { trail } = setUp();
      expect((await trail.verify()).problems).toEqual([]);
      const all = await collect(trail.readAll());
      const ids = (kind: string) =>
        all.filter((entry) => entry.kind === kind).flatMap(({ subject }) => subject?.sessions ?? []);
      const [begun, over] = [ids("begun"), ids("ended")];
      expect([new Set(begun).size, new Set(over).size]).toEqual([begun.length, over.length]);
      expect([...began].filter((id) => !begun.includes(id))).toEqual([]);
      expect([...ended].filter((id) => !over.includes(id))).toEqual([]);
      const stored = (await backend.run("SELECT id FROM sessionup_sessions")).map(({ id }) => String(id));
      expect(stored.sort()).toEqual(begun.filter((id) => !over.includes(id)).sort());
      expect(all.filter(({ kind }) => kind === "elevated").length).toBeGreaterThan(50);
    });
  });
}
