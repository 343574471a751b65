/** The value of an attribute, as far as it is used here. */
export type AttributeValue = string | number | boolean;

/** The attributes of a span or of a measurement. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A span of `@opentelemetry/api`, as far as it is used here. */
export interface Span {
  setAttributes(attributes: Record<string, AttributeValue>): unknown;
  setStatus(status: { code: number }): unknown;
  recordException(exception: { name: string; message?: string }): void;
  end(): void;
}

/** The object `trace` of `@opentelemetry/api`, as far as it is used here. */
export interface TraceApi {
  getTracer(name: string): {
    startActiveSpan(
      name: string,
      options: { kind: number; attributes: Record<string, AttributeValue> },
      run: (span: Span) => void,
    ): unknown;
  };
}

/** A counter, or a counter that can also decrease, as far as it is used here. */
export interface Counter {
  add(value: number, attributes?: Record<string, AttributeValue>): void;
}

/** A histogram of `@opentelemetry/api`, as far as it is used here. */
export interface Histogram {
  record(value: number, attributes?: Record<string, AttributeValue>): void;
}

/** The options of an instrument. */
export interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

/** The object `metrics` of `@opentelemetry/api`, as far as it is used here. */
export interface MetricsApi {
  getMeter(name: string): {
    createCounter(name: string, options: InstrumentOptions): Counter;
    createUpDownCounter(name: string, options: InstrumentOptions): Counter;
    createHistogram(name: string, options: InstrumentOptions): Histogram;
  };
}
