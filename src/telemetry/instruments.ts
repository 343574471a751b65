import type { Attributes, Counter, Histogram, MetricsApi } from "./api.ts";
import { BUCKETS, METRICS, type Metric, type MetricKey } from "./metrics.ts";

type Instrument = Partial<Counter & Histogram>;

/** Writes measurements to the app's meter. Errors of the meter go to `onError`. @internal */
export class Instruments {
  readonly #api: MetricsApi;
  readonly #onError: (error: unknown) => void;
  /** Whether the process removes expired records: an alert about missing cleanups must not apply to other stores. */
  hasCleanup = false;
  #all: Readonly<Record<MetricKey, Instrument>> | undefined;

  constructor(api: MetricsApi, onError: (error: unknown) => void) {
    this.#api = api;
    this.#onError = onError;
  }

  /** Adds to a counter, or records a value in a histogram. */
  write(key: MetricKey, value: number, attributes: Attributes = {}): void {
    try {
      // At first use: `metrics` of OpenTelemetry forgets the instruments that were created before the SDK started.
      this.#all ??= this.#create();
      const instrument = this.#all[key];
      if (instrument.record) instrument.record(value, attributes);
      else instrument.add?.(value, attributes);
    } catch (error) {
      this.#onError(error);
    }
  }

  #create(): Readonly<Record<MetricKey, Instrument>> {
    const meter = this.#api.getMeter("sessionup");
    const entries = Object.entries(METRICS).map(([key, metric]: [string, Metric]) => {
      const { name, kind, unit, description } = metric;
      const options = { unit, description };
      if (kind === "histogram") {
        const advice = { explicitBucketBoundaries: [...BUCKETS] };
        return [key, meter.createHistogram(name, { ...options, advice })];
      }
      const counter =
        kind === "counter" ? meter.createCounter(name, options) : meter.createUpDownCounter(name, options);
      // A series that begins at 1 shows no increase, so an alert would miss the first event.
      if (this.hasCleanup || !key.startsWith("cleanup"))
        for (const attributes of listAttributes(metric)) counter.add(0, attributes);
      return [key, counter];
    });
    return Object.fromEntries(entries);
  }
}

/** Returns the attributes of every series of a counter, none of which has two. */
function listAttributes({ attributes }: Metric): readonly Attributes[] {
  const [entry] = Object.entries(attributes);
  if (!entry) return [{}];
  const [name, values] = entry;
  return values === "open" ? [] : values.map((value) => ({ [name]: value }));
}
