import { context, metrics, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { memoryStore } from "../../dist/stores/memory.js";
import { openTelemetry } from "../../dist/telemetry/opentelemetry.js";
import { createContenders } from "./_sessionup.mjs";

/** Takes finished spans in batches, as an exporter does, and drops them. */
const exporter = {
  export: (_spans, done) => done({ code: 0 }),
  shutdown: async () => {},
};

/** Creates the contenders with OpenTelemetry's SDK, set up as an app does. */
export function createObserved({ traces }) {
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
  });
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  if (traces) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(
      new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] }),
    );
  }
  const telemetry = openTelemetry({ metrics, ...(traces && { trace }) });
  return createContenders(() => memoryStore(), { telemetry });
}
