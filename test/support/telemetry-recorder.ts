import { AsyncLocalStorage } from "node:async_hooks";
import type { MetricsApi, TraceApi } from "sessionup/opentelemetry";

/** A span that a recorder keeps. */
export interface RecordedSpan {
  readonly name: string;
  readonly kind: number;
  readonly parent: RecordedSpan | undefined;
  readonly attributes: Record<string, unknown>;
  readonly exceptions: object[];
  status: number;
  isEnded: boolean;
}

/** One measurement. */
export interface RecordedPoint {
  readonly name: string;
  readonly value: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Keeps what is traced and measured, for tests that run without OpenTelemetry's SDK, as in Bun, Deno and workerd. The tests
 * of test/telemetry/ use the SDK.
 */
export class TelemetryRecorder {
  /** In the order in which they began. */
  readonly spans: RecordedSpan[] = [];
  readonly points: RecordedPoint[] = [];
  readonly #active = new AsyncLocalStorage<RecordedSpan>();

  readonly trace: TraceApi = {
    getTracer: () => ({
      startActiveSpan: (name, { kind, attributes }, run) => {
        const parent = this.#active.getStore();
        const exceptions: object[] = [];
        const span = {
          name,
          kind,
          parent,
          attributes: { ...attributes },
          exceptions,
          status: 0,
          isEnded: false,
        };
        this.spans.push(span);
        this.#active.run(span, () =>
          run({
            setAttributes: (more) => Object.assign(span.attributes, more),
            setStatus: ({ code }) => {
              span.status = code;
            },
            recordException: (exception) => void exceptions.push(exception),
            end: () => {
              span.isEnded = true;
            },
          }),
        );
      },
    }),
  };

  readonly metrics: MetricsApi = {
    getMeter: () => {
      const record =
        (name: string) =>
        (value: number, attributes = {}) =>
          void this.points.push({ name, value, attributes });
      const add =
        (name: string) =>
        (value: number, attributes = {}) =>
          // A counter's 0 only makes a series known.
          void (value !== 0 && record(name)(value, attributes));
      return {
        createCounter: (name) => ({ add: add(name) }),
        createUpDownCounter: (name) => ({ add: add(name) }),
        createHistogram: (name) => ({ record: record(name) }),
      };
    },
  };

  /** Returns the spans as lines, each indented below its parent. */
  tree(parent?: RecordedSpan, depth = 0): readonly string[] {
    return this.spans
      .filter((span) => span.parent === parent)
      .flatMap((span) => ["  ".repeat(depth) + span.name, ...this.tree(span, depth + 1)]);
  }

  /** Returns the sum of a metric by the values of its attributes. */
  sums(name: string): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const point of this.points.filter((each) => each.name === name)) {
      const key = Object.values(point.attributes).join(" ");
      sums[key] = (sums[key] ?? 0) + point.value;
    }
    return sums;
  }
}
