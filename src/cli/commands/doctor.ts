import { createRequire } from "node:module";
import { join } from "node:path";
import { checkManager } from "../../admin/check-manager.ts";
import { countSessions } from "../../admin/scan-sessions.ts";
import { randomText } from "../../cookie/token.ts";
import type { Store, StoreState } from "../../store.ts";
import { describePending } from "../audit/unsealed.ts";
import { formatMilliseconds, summarize } from "../bench/percentiles.ts";
import { CliError } from "../cli-error.ts";
import { type Command, type Context, createCommand } from "../command.ts";
import { describeError, findGivenSecrets } from "../error-text.ts";
import { EXIT } from "../exit-code.ts";
import { type Finding, printFinding } from "../finding.ts";
import { judgeClock, judgeSchema, judgeSettings } from "../store-findings.ts";
import { isSqlStore, type OpenedStore, openStore } from "../stores/open-store.ts";
import { STORE_FLAGS, type StoreValues } from "../stores/store-flags.ts";
import { readVersion } from "../version.ts";
import { formatNumber } from "../wording.ts";

/** The reads that are measured. */
const READS = 20;
/** A median above this slows down every request of the app, in milliseconds. */
const SLOW_READ = 20;

const FLAGS = {
  strict: { group: "Output", summary: "Also exit with 1 for warnings" },
  json: { group: "Output", summary: "One JSON object per line: { status, name, text, fix? }" },
  ...STORE_FLAGS,
} as const;

/** Checks everything between this machine and the sessions. */
export const doctorCommand: Command = createCommand({
  name: "doctor",
  group: "Check",
  summary: "Find out why sessions do not work",
  description: [
    "Checks Node, the driver, the connection, its latency, the tables, the engine's settings, the clocks, the channel for events and the audit trail. Each line is ok, warn or fail, and says how to fix it. The exit code is 1 if a check fails.",
    "It writes, reads and removes one probe record, which is not a session: no list, count or event has it.",
  ],
  flags: FLAGS,
  examples: [
    ["Check a store", "sessionup doctor --store redis://localhost:6379"],
    ["Check what the app itself uses", "sessionup doctor --store ./sessions.js"],
    ["In a deployment, before the traffic arrives", "sessionup doctor --strict --json"],
  ],
  async run(context, { flags }) {
    const { terminal } = context;
    const counts = { ok: 0, warn: 0, fail: 0 };
    for await (const finding of examine(context, flags)) {
      counts[finding.status]++;
      await printFinding(terminal, finding, flags.json);
    }
    if (terminal.isInteractive && !flags.json)
      await terminal.write(["", `${counts.ok} ok, ${counts.warn} warnings, ${counts.fail} failed`]);
    return counts.fail > 0 || (flags.strict && counts.warn > 0) ? EXIT.failure : EXIT.ok;
  },
});

async function* examine(context: Context, values: StoreValues): AsyncGenerator<Finding, void> {
  yield judgeNode(process.versions.node);
  yield judgeCopies(readVersion(), context.cwd);
  const explain = (error: unknown) =>
    describeError(error, findGivenSecrets([values.store ?? ""], context.env));
  let opened: OpenedStore;
  try {
    opened = await openStore(context, values, { subscribes: true });
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.usage) throw error;
    const [fix] =
      error instanceof CliError ? error.hints : ["Check the address, the network, and that the server runs."];
    yield { status: "fail", name: "connection", text: explain(error), ...(fix !== undefined && { fix }) };
    return;
  }
  try {
    yield* examineStore(context, opened, explain);
  } finally {
    await opened.close().catch(() => undefined);
  }
}

async function* examineStore(
  { signal }: Context,
  { manager, store, now, driver, engine, findTrail }: OpenedStore,
  explain: (error: unknown) => string,
): AsyncGenerator<Finding, void> {
  if (driver)
    yield {
      status: "ok",
      name: "driver",
      text: `${driver.name}${driver.version ? ` ${driver.version}` : ""} for ${engine}`,
    };
  let state: StoreState = {};
  let skew: number | undefined;
  let duration = 0;
  try {
    const asked = now();
    // A store without `inspect` is asked for an id that no session has.
    if (store.inspect) state = await store.inspect();
    else await store.fetchByIds([`00${randomText(20)}`]);
    duration = now() - asked;
    if (state.clock !== undefined) skew = state.clock - (asked + duration / 2);
  } catch (error) {
    yield {
      status: "fail",
      name: "connection",
      text: explain(error),
      fix: "Check the address, the network, the password, and that the server runs.",
    };
    return;
  }
  yield { status: "ok", name: "connection", text: `${engine} answers` };
  const schema = judgeSchema(state);
  yield* schema;
  yield* judgeClock(skew, duration);
  if (store.inspect) yield* judgeSettings(state);
  if (schema.some(({ status }) => status === "fail")) return;
  yield await judgeLatency(store, explain);
  if (signal.aborted) return;
  yield* await judgeProbe(manager, state);
  yield await judgeSessions(manager, explain);
  if (isSqlStore(store)) yield await judgeTrail(findTrail, now(), explain);
}

/** Judges the version of Node. */
export function judgeNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isSupported = major > 20 || (major === 20 && minor >= 19);
  if (isSupported) return { status: "ok", name: "node", text: `Node ${version}` };
  return {
    status: "fail",
    name: "node",
    text: `Node ${version} is too old.`,
    fix: "Install Node 20.19 or later.",
  };
}

/** Judges whether this command line is the copy of sessionup that the app in this folder uses. */
function judgeCopies(own: string, cwd: string): Finding {
  const name = "sessionup";
  try {
    const require = createRequire(join(cwd, "sessionup.cjs"));
    const { version } = require("sessionup/package.json") as { readonly version: string };
    if (version === own) return { status: "ok", name, text: `Version ${own}, as in this folder` };
    return {
      status: "warn",
      name,
      text: `This is version ${own}, the app in this folder has ${version}.`,
      fix: "Run the app's own copy: npx --no-install sessionup doctor",
    };
  } catch {
    return { status: "ok", name, text: `Version ${own}` };
  }
}

async function judgeLatency(store: Store, explain: (error: unknown) => string): Promise<Finding> {
  const name = "latency";
  const times: number[] = [];
  try {
    for (let read = 0; read < READS; read++) {
      const began = performance.now();
      await store.fetchById(`00${randomText(20)}`);
      times.push(performance.now() - began);
    }
  } catch (error) {
    return { status: "fail", name, text: `A read failed: ${explain(error)}` };
  }
  // The first read prepares statements and loads scripts.
  const { p50, max } = summarize(times.slice(1));
  const text = `A read takes ${formatMilliseconds(p50)} (median of ${READS - 1}, slowest ${formatMilliseconds(max)})`;
  if (p50 <= SLOW_READ) return { status: "ok", name, text };
  return {
    status: "warn",
    name,
    text: `${text}.`,
    fix: "Every request waits for one read: run the store in the app's region.",
  };
}

async function judgeProbe(manager: OpenedStore["manager"], state: StoreState): Promise<readonly Finding[]> {
  const { write, read, remove, push, problems } = await checkManager(manager, { timeout: "5s" });
  const isKnown = (problem: string) =>
    (state.warnings ?? []).includes(problem) ||
    /^The (store's clock differs|tables (of the audit trail )?have version)/.test(problem);
  const failures = problems.filter((problem) => !isKnown(problem));
  const times = [write, read, remove].map((time) => (time === undefined ? "–" : formatMilliseconds(time)));
  const probe: readonly Finding[] =
    remove === undefined
      ? failures.map((text) => ({
          status: "fail",
          name: "writing",
          text,
          fix: "Check the rights of the database user, the free space, and that this is the primary.",
        }))
      : [{ status: "ok", name: "writing", text: `Wrote, read and removed a probe in ${times.join(", ")}` }];
  return [...probe, judgePush(push, remove === undefined ? [] : failures)];
}

function judgePush(push: "up" | "down" | "off", failures: readonly string[]): Finding {
  const name = "push";
  if (push === "up") return { status: "ok", name, text: "Events of other processes arrive" };
  if (push === "off")
    return {
      status: "ok",
      name,
      text: "Off, or not checked with this driver. A revocation counts at the next read",
    };
  return {
    status: "warn",
    name,
    text: failures[0] ?? "Events of other processes do not arrive.",
    fix: "Apps with the option push notice revocations late. Check the store's page, section Push.",
  };
}

async function judgeSessions(
  manager: OpenedStore["manager"],
  explain: (error: unknown) => string,
): Promise<Finding> {
  const name = "sessions";
  try {
    const { count, isExact } = await countSessions(manager);
    return { status: "ok", name, text: `${isExact ? "" : "About "}${formatNumber(count)} live sessions` };
  } catch (error) {
    if (error instanceof TypeError)
      return { status: "ok", name, text: "The store cannot count its sessions" };
    return { status: "fail", name, text: explain(error) };
  }
}

async function judgeTrail(
  findTrail: OpenedStore["findTrail"],
  now: number,
  explain: (error: unknown) => string,
): Promise<Finding> {
  const name = "audit trail";
  try {
    const trail = await findTrail();
    if (!trail) return { status: "ok", name, text: "The store has none" };
    const text = await describePending(trail, now);
    if (text) return { status: "warn", name, text, fix: "Call auditLog(manager) in the app, with its keys." };
    const { seq } = await trail.readState();
    return { status: "ok", name, text: `In the store, up to entry ${formatNumber(seq)}` };
  } catch (error) {
    return { status: "fail", name, text: explain(error), fix: "Check the rights of the database user." };
  }
}
