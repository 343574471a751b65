import type { Span, trace } from "@opentelemetry/api";
import type { MetricData } from "@opentelemetry/sdk-metrics";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { type OpenTelemetryOptions, openTelemetry, type Telemetry } from "sessionup/opentelemetry";
import { installTelemetryPackages } from "./packages.ts";

/** A measured value: of a counter its sum, of a histogram its number of values. */
export interface Point {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number;
}

/** OpenTelemetry's own SDK, as an app sets it up, with exporters that keep everything in memory. */
export interface Sdk {
  readonly telemetry: Telemetry;
  readonly tracerProvider: Pick<typeof trace, "getTracer">;
  /** The finished spans so far, in the order of their ends. */
  spans(): readonly ReadableSpan[];
  /** The finished spans as lines, each indented below its parent. */
  tree(): readonly string[];
  metrics(): Promise<readonly MetricData[]>;
  points(name: string): Promise<readonly Point[]>;
  /** The metrics as Prometheus reads them. */
  prometheus(): Promise<string>;
  /** Runs the handler of a request in a span, as the instrumentation of a server does. */
  inRequest<Result>(run: () => Result): Result;
  reset(): void;
}

/** Sets up the SDK. Installs it at first use. */
export async function startSdk(options: Omit<OpenTelemetryOptions, "trace" | "metrics"> = {}): Promise<Sdk> {
  await installTelemetryPackages();
  const api = await import("@opentelemetry/api");
  const { AsyncLocalStorageContextManager } = await import("@opentelemetry/context-async-hooks");
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await import(
    "@opentelemetry/sdk-trace-base"
  );
  const { MeterProvider } = await import("@opentelemetry/sdk-metrics");
  const { PrometheusExporter, PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
  // The first one stays: the API has one context manager for the process.
  api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const metrics = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  };
  return {
    telemetry: openTelemetry({ trace: tracerProvider, metrics: meterProvider, ...options }),
    tracerProvider,
    spans: () => exporter.getFinishedSpans(),
    tree: () => toTree(exporter.getFinishedSpans()),
    metrics,
    async points(wanted) {
      const found = (await metrics()).filter(({ descriptor }) => descriptor.name === wanted);
      return found.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => ({
          name: descriptor.name,
          attributes,
          value: typeof value === "number" ? value : value.count,
        })),
      );
    },
    async prometheus() {
      const { resourceMetrics } = await reader.collect();
      return new PrometheusSerializer().serialize(resourceMetrics);
    },
    inRequest: (run) =>
      tracerProvider.getTracer("app").startActiveSpan("request", { root: true }, (span: Span) => {
        const end = () => span.end();
        const result = run();
        if (result instanceof Promise) result.then(end, end);
        else end();
        return result;
      }),
    reset: () => exporter.reset(),
  };
}

/** Returns spans as lines, each indented below its parent, in the order of their beginnings. */
function toTree(spans: readonly ReadableSpan[]): readonly string[] {
  const ids = new Set(spans.map((span) => span.spanContext().spanId));
  const began = ({ startTime: [seconds, nanoseconds] }: ReadableSpan) => seconds * 1e9 + nanoseconds;
  const under = (parent: string | undefined, depth: number): readonly string[] =>
    spans
      .filter(({ parentSpanContext }) => {
        const id = parentSpanContext?.spanId;
        return parent === undefined ? id === undefined || !ids.has(id) : id === parent;
      })
      .sort((one, other) => began(one) - began(other))
      .flatMap((span) => ["  ".repeat(depth) + span.name, ...under(span.spanContext().spanId, depth + 1)]);
  return under(undefined, 0);
}
