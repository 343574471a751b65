import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify from "fastify";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Browser, testSessions } from "../../test/support/browser.ts";
import { clientValidation } from "../client-validation/client-validation.ts";
import { Manager, type ManagerOptions } from "../index.ts";
import { previousCookies } from "../previous-cookies/previous-cookies.ts";
import { memoryStore } from "../stores/memory.ts";
import { TestClock } from "../testing/test-clock.ts";
import {
  type AuditEntry,
  type AuditLogOptions,
  type AuditSink,
  auditLog,
  fileSink,
  loggerSink,
  readEntries,
  verifyEntries,
} from "./audit.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";
const CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36";

class ListSink implements AuditSink {
  readonly entries: AuditEntry[] = [];
  failing: unknown;

  write(entries: readonly AuditEntry[]): void {
    if (this.failing) throw this.failing;
    this.entries.push(...entries);
  }

  get kinds(): string[] {
    return this.entries.map(({ kind }) => kind);
  }
}

function setUp(options: ManagerOptions = {}, log: AuditLogOptions = {}) {
  const clock = new TestClock();
  const store = memoryStore();
  const manager = new Manager(store, { clock: clock.now, ...options });
  const sessions = testSessions(manager);
  const sink = new ListSink();
  const errors: Error[] = [];
  manager.events.on("error", ({ error }) => errors.push(error));
  const audit = auditLog(manager, { to: [sink], ...log });
  return { clock, store, manager, sessions, sink, errors, audit };
}

const folders: string[] = [];

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sessionup-audit-"));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  vi.useRealTimers();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe("auditLog", () => {
  it("records what happens to sessions, with the party, the client and the reason", async () => {
    const { sessions, manager, sink, audit, clock } = setUp();
    const browser = new Browser({ "user-agent": FIREFOX });
    await browser.visit((request) => sessions.init(request, "ann"));
    clock.advance("1s");
    await browser.visit((request) => sessions.rotate(request));
    await browser.visit((request) => sessions.reauthenticate(request, { level: 2 }));
    const { id = "" } = (await browser.visit((request) => sessions.get(request))) ?? {};
    await manager.revokeById(id, { by: { kind: "admin", id: "grace" } });
    await browser.visit((request) => sessions.authorize(request));
    const other = new Browser();
    await other.visit((request) => sessions.init(request, "ann"));
    await other.visit((request) => sessions.revoke(request));
    await audit.flush();
    const shown = sink.entries.map(({ kind, reason, by, level, at, subject }) => {
      const { salt: _, ...known } = subject ?? { salt: "" };
      return {
        kind,
        at: at - clock.now(),
        ...known,
        ...(reason && { reason }),
        ...(by && { by }),
        ...(level && { level }),
      };
    });
    const own = { sessions: [id], userKey: "ann" };
    const second = sink.entries.at(-1)?.subject?.sessions[0];
    expect(shown).toEqual([
      { kind: "opened", at: -1_000 },
      {
        kind: "begun",
        at: -1_000,
        ...own,
        ip: "192.0.2.1",
        agent: { browser: "Firefox", os: "Linux" },
        by: "user",
      },
      { kind: "rotated", at: 0, ...own, reason: "rotate", by: "system" },
      { kind: "elevated", at: 0, ...own, level: 2, by: "user" },
      { kind: "ended", at: 0, sessions: [id], reason: "revoked", by: "admin", actor: "grace" },
      { kind: "rejected", at: 0, reason: "unknown", by: "policy" },
      { kind: "begun", at: 0, sessions: [second], userKey: "ann", ip: "192.0.2.1", by: "user" },
      { kind: "ended", at: 0, sessions: [second], userKey: "ann", reason: "logout", by: "user" },
    ]);
    expect(await verifyEntries(sink.entries)).toMatchObject({ ok: true, entries: 8 });
  });

  it("records a client that changed and a session that moved to another cookie", async () => {
    const store = memoryStore();
    const former = testSessions(new Manager(store, { cookie: { name: "former" } }));
    const browser = new Browser({ "user-agent": FIREFOX });
    await browser.visit((request) => former.init(request, "ann"));
    const manager = new Manager(store, {
      cookie: { name: "later", previous: previousCookies([{ name: "former" }]) },
      validate: clientValidation({ agent: true, onChange: "report" }),
    });
    const sink = new ListSink();
    const audit = auditLog(manager, { to: [sink] });
    const sessions = testSessions(manager);
    await browser.visit((request) => sessions.authorize(request));
    Object.assign(browser.headers, { "user-agent": CHROME });
    await browser.visit((request) => sessions.authorize(request));
    await audit.flush();
    expect(sink.kinds).toEqual(["opened", "moved", "client_changed"]);
    expect(sink.entries[2]).toMatchObject({
      reason: "report",
      subject: { userKey: "ann", changed: ["browser", "os"] },
    });
  });

  it("writes addresses only as client.ip keeps them", async () => {
    const ips: unknown[] = [];
    for (const ip of [true, "prefix", false, "hash"] as const) {
      const { sessions, sink, audit } = setUp({ client: { ip }, keys: ["k".repeat(32)] });
      await new Browser().visit((request) => sessions.init(request, "ann"));
      await audit.flush();
      ips.push(sink.entries.find(({ kind }) => kind === "begun")?.subject?.ip);
    }
    expect(ips).toEqual(["192.0.2.1", "192.0.2.0/24", undefined, undefined]);
  });

  it("a rejected request without a cookie is no entry, and a flood of others is counted", async () => {
    const { sessions, sink, audit, clock } = setUp({}, { maxRejected: 3 });
    const visit = async (cookie?: string) => {
      const browser = new Browser(cookie === undefined ? {} : { cookie: `__Host-sessionup=${cookie}` });
      await browser.visit((request) => sessions.authorize(request));
    };
    await visit();
    for (let count = 0; count < 5; count++) await visit("malformed");
    clock.advance("1m");
    await visit("malformed");
    await audit.flush();
    expect(sink.kinds).toEqual(["opened", "rejected", "rejected", "rejected", "rejected"]);
    expect(sink.entries.map(({ details }) => details).slice(-2)).toEqual([undefined, { omitted: 2 }]);
  });

  it("a sink that fails breaks no request, is reported once, and receives every entry later", async () => {
    const { sessions, sink, audit, errors } = setUp();
    await audit.flush();
    sink.failing = new Error("disk full");
    await new Browser().visit((request) => sessions.init(request, "ann"));
    await new Browser().visit((request) => sessions.init(request, "bob"));
    await expect(audit.flush()).rejects.toThrow("disk full");
    await expect(audit.flush()).rejects.toThrow("disk full");
    expect(errors.map(({ message }) => message)).toEqual([
      "sessionup: a sink of auditLog failed, and is tried again.",
    ]);
    sink.failing = undefined;
    await audit.flush();
    expect(sink.kinds).toEqual(["opened", "begun", "begun"]);
  });

  it("a sink that fails is tried again by itself", async () => {
    vi.useFakeTimers();
    const { sessions, sink, audit } = setUp();
    await audit.flush();
    sink.failing = new Error("down");
    await new Browser().visit((request) => sessions.init(request, "ann"));
    await expect(audit.flush()).rejects.toThrow("down");
    sink.failing = undefined;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sink.kinds).toEqual(["opened", "begun"]);
  });

  it("entries beyond maxWaiting are lost, which error reports and the chain shows", async () => {
    const { sessions, sink, audit, errors } = setUp({}, { maxWaiting: 2 });
    await audit.flush();
    sink.failing = new Error("down");
    for (const user of ["a", "b", "c", "d", "e"])
      await new Browser().visit((request) => sessions.init(request, user));
    await expect(audit.flush()).rejects.toThrow("down");
    sink.failing = undefined;
    await audit.flush();
    await new Browser().visit((request) => sessions.init(request, "f"));
    await audit.flush();
    expect(sink.entries.map(({ seq }) => seq)).toEqual([1, 2, 3, 7]);
    expect(errors.map(({ message }) => message).filter((text) => text.includes("lost"))).toEqual([
      "sessionup: a sink of auditLog is 2 entries behind. 1 are lost.",
      "sessionup: a sink of auditLog is 2 entries behind. 2 are lost.",
    ]);
    const { ok, problems } = await verifyEntries(sink.entries);
    expect([ok, problems.map(({ text }) => text)]).toEqual([false, ["The entries 4 to 6 are missing."]]);
  });

  it("entries that a sink rejects for good are dropped and reported", async () => {
    const { sessions, sink, audit, errors } = setUp();
    await audit.flush();
    sink.failing = Object.assign(new Error("bad"), { retry: false });
    await new Browser().visit((request) => sessions.init(request, "ann"));
    await audit.flush();
    expect(errors.map(({ message }) => message)).toEqual([
      "sessionup: a sink of auditLog rejected 1 entries for good.",
    ]);
  });

  it("close ends the chain, stops recording and rejects if entries are lost", async () => {
    const { sessions, sink, audit } = setUp();
    await audit.close();
    expect(sink.kinds).toEqual(["opened", "closed"]);
    await new Browser().visit((request) => sessions.init(request, "ann"));
    expect(sink.kinds).toEqual(["opened", "closed"]);
    const broken = setUp();
    broken.sink.failing = new Error("down");
    await expect(broken.audit.close()).rejects.toThrow("2 entries are lost");
  });

  it("a manager without a sink and without a trail is rejected, and so are invalid options", () => {
    const manager = new Manager(memoryStore());
    expect(() => auditLog(manager)).toThrow("auditLog requires the option to");
    const sink = new ListSink();
    for (const [wrong, message] of [
      [{ to: sink }, "to must be an array of sinks"],
      [{ to: [{}] }, "to must be an array of sinks"],
      [{ to: [sink], keys: ["short"] }, "keys must be an array of secrets"],
      [{ to: [sink], sealEvery: 5 }, "sealEvery must be a duration"],
      [{ to: [sink], maxWaiting: 0 }, "maxWaiting must be a positive integer"],
      [{ to: [sink], maxRejects: 1 }, '"maxRejects" is not an option of auditLog'],
    ] as const)
      expect(() => auditLog(manager, wrong as never)).toThrow(message);
    expect(() => auditLog(manager, { to: [sink] }).trail).toThrow("The store writes no trail");
    expect(() => auditLog({} as never)).toThrow("must be a Manager");
  });
});

describe("fileSink", () => {
  it("each process appends a chain that names the end of the one before it", async () => {
    const path = join(createFolder(), "audit.jsonl");
    const heads = [];
    for (const user of ["ann", "bob", "cid"]) {
      const { sessions, audit } = setUp({}, { to: [fileSink(path)], keys: ["k".repeat(32)] });
      await new Browser().visit((request) => sessions.init(request, user));
      await audit.close();
      heads.push(await audit.head());
    }
    const keys = ["k".repeat(32)];
    const report = await verifyEntries(readEntries(path), { keys });
    expect(report).toEqual({ ok: true, entries: 9, heads, follows: [], problems: [] });
    const lines = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    // The first process's chain is in an earlier file.
    expect(await verifyEntries(lines.slice(3), { keys })).toMatchObject({ ok: true, follows: [heads[0]] });
    // A chain in the middle is missing altogether.
    const [first, , third] = [lines.slice(0, 3), lines.slice(3, 6), lines.slice(6)];
    expect(await verifyEntries([...first, ...third], { keys })).toMatchObject({
      ok: true,
      follows: [heads[1]],
    });
    // The end of a chain that a later one follows.
    const cut = await verifyEntries([...lines.slice(0, 2), ...lines.slice(3)], { keys });
    expect(cut.problems).toMatchObject([{ problem: "truncated", seq: 3 }]);
  });

  it("entries written after a rename are in a new file", async () => {
    const { renameSync } = await import("node:fs");
    const path = join(createFolder(), "audit.jsonl");
    const { sessions, audit } = setUp({}, { to: [fileSink(path, { sync: false })] });
    await new Browser().visit((request) => sessions.init(request, "ann"));
    await audit.flush();
    renameSync(path, `${path}.1`);
    await new Browser().visit((request) => sessions.init(request, "bob"));
    await audit.flush();
    const read = (name: string) =>
      readFileSync(name, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).kind);
    expect([read(`${path}.1`), read(path)]).toEqual([["opened", "begun"], ["begun"]]);
  });

  it("a line that a crash has torn is reported, and later lines stay whole", async () => {
    const { appendFileSync } = await import("node:fs");
    const path = join(createFolder(), "audit.jsonl");
    const first = setUp({}, { to: [fileSink(path)] });
    await first.audit.flush();
    appendFileSync(path, '{"v":1,"chain":"abc');
    const second = setUp({}, { to: [fileSink(path)] });
    await second.audit.close();
    const { ok, problems, entries } = await verifyEntries(readEntries(path));
    expect([ok, entries, problems]).toEqual([
      false,
      3,
      [expect.objectContaining({ problem: "unreadable", seq: 2 })],
    ]);
  });
});

describe("loggerSink", () => {
  it("passes entries to a logger such as pino", async () => {
    const lines: string[] = [];
    const stream = { write: (line: string) => void lines.push(line) };
    const { log: logger } = Fastify({ logger: { stream, base: null, timestamp: false } });
    const { sessions, audit } = setUp(
      {},
      { to: [loggerSink(logger, { format: ({ kind, seq }) => ({ kind, seq }) })] },
    );
    await new Browser().visit((request) => sessions.init(request, "ann"));
    await audit.flush();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: 30, audit: { kind: "opened", seq: 1 }, msg: "audit log opened" },
      { level: 30, audit: { kind: "begun", seq: 2 }, msg: "session began" },
    ]);
    expect(() => loggerSink({})).toThrow("logger must be an object with the method info");
    expect(() => loggerSink(logger, { level: "loud" })).toThrow("with the method loud");
  });
});
