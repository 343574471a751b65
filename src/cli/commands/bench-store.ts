import { createProbeUser, OPERATIONS, Probes } from "../bench/operations.ts";
import { formatMilliseconds, type Summary, summarize } from "../bench/percentiles.ts";
import { TripCounter } from "../bench/trip-counter.ts";
import { type Command, type Context, createCommand } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { parseCount } from "../flag.ts";
import { type OpenedStore, openStore } from "../stores/open-store.ts";
import { STORE_FLAGS } from "../stores/store-flags.ts";
import { formatRow, formatTitles, layOut } from "../table.ts";

const DEFAULT_ROUNDS = 200;
/** Rounds that are not measured: they prepare statements, load scripts and warm up the compiler. */
const WARM_UP = 10;

const FLAGS = {
  rounds: {
    short: "n",
    value: "<number>",
    summary: `Calls of each operation, one after the other. Default: ${DEFAULT_ROUNDS}`,
    parse: parseCount,
  },
  json: { group: "Output", summary: "One JSON object per line: { operation, trips, p50, p95, p99, max }" },
  ...STORE_FLAGS,
} as const;

/** Measures the operations of a store. */
export const benchStoreCommand: Command = createCommand({
  name: "bench-store",
  group: "Check",
  summary: "Measure the operations of your store",
  description: [
    "Calls each operation many times, one after the other, and prints the round trips over the network and the latency. An authenticated request needs one fetchById, and an activity update at most once a minute.",
    "It uses sessions of a user key of its own, and removes them, also after Ctrl-C. The load is that of one busy client.",
  ],
  flags: FLAGS,
  examples: [
    ["From the machine on which the app runs", "sessionup bench-store"],
    ["Quickly, as JSON", "sessionup bench-store --rounds 50 --json"],
  ],
  async run(context, { flags }) {
    const opened = await openStore(context, flags, { push: false });
    const probes = new Probes(createProbeUser(), opened.now);
    try {
      const results = await measure(context, opened, probes, flags.rounds ?? DEFAULT_ROUNDS);
      await print(context, results, flags.json);
      return context.signal.aborted ? EXIT.interrupted : EXIT.ok;
    } finally {
      await opened.store.deleteByUserKey(probes.userKey, { reason: "revoked", now: opened.now() });
      await opened.close();
    }
  },
});

interface Result extends Summary {
  readonly operation: string;
  /** The mean number of round trips. 0 for a store in this process. */
  readonly trips: number;
}

async function measure(
  { terminal, signal }: Context,
  { store }: OpenedStore,
  probes: Probes,
  rounds: number,
): Promise<readonly Result[]> {
  const counter = new TripCounter();
  counter.start();
  const results: Result[] = [];
  try {
    for (const { name, prepare, run } of OPERATIONS) {
      const times: number[] = [];
      let trips = 0;
      for (let round = -WARM_UP; round < rounds && !signal.aborted; round++) {
        await prepare?.(store, probes);
        const before = counter.trips;
        const began = performance.now();
        await run(store, probes);
        const took = performance.now() - began;
        if (round < 0) continue;
        times.push(took);
        trips += counter.trips - before;
        terminal.progress(`${name}: ${round + 1} of ${rounds} …`);
      }
      if (times.length > 0)
        results.push({ operation: name, trips: trips / times.length, ...summarize(times) });
    }
  } finally {
    counter.stop();
  }
  return results;
}

async function print({ terminal }: Context, results: readonly Result[], json: boolean): Promise<void> {
  const round = (value: number) => Math.round(value * 1_000) / 1_000;
  if (json) {
    const rounded = results.map(({ operation, ...numbers }) => ({
      operation,
      ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, round(value)])),
    }));
    return terminal.write(rounded.map((result) => JSON.stringify(result)));
  }
  if (!terminal.isInteractive)
    return terminal.write(
      results.map(({ operation, trips, p50, p95, p99, max }) =>
        [operation, ...[trips, p50, p95, p99, max].map(round)].join("\t"),
      ),
    );
  const columns = [
    { title: "OPERATION" },
    ...["TRIPS", "MEDIAN", "P95", "P99", "SLOWEST"].map((title) => ({ title, right: true }) as const),
  ];
  const rows = results.map(({ operation, trips, p50, p95, p99, max }) => [
    operation,
    trips === 0 ? "–" : trips.toFixed(1).replace(/\.0$/, ""),
    ...[p50, p95, p99, max].map(formatMilliseconds),
  ]);
  const layout = layOut(columns, rows, terminal.width);
  await terminal.write([
    terminal.style("strong", formatTitles(layout)),
    ...rows.map((row) => formatRow(layout, row)),
  ]);
}
