import { isPromise } from "../rules/maybe-promise.ts";
import type { Attributes, AttributeValue, Span, TraceApi } from "./api.ts";
import { describeFailure } from "./failures.ts";

/** `SpanKind` of OpenTelemetry, as far as it is used here. @internal */
export const SPAN_KIND = { internal: 0, client: 2 } as const;

/** How a step ended. @internal */
export type Outcome<Value> = { readonly value: Value } | { readonly error: unknown };

/** A step that is traced. @internal */
export interface Step<Value> {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  /** Called once, when the step has ended. Returns attributes for the span. */
  readonly end: (outcome: Outcome<Value>, seconds: number) => Attributes;
}

/** Runs steps, each within a span. An API that throws changes nothing about a step: its errors go to `onError`. @internal */
export class Spans {
  readonly #tracer: ReturnType<TraceApi["getTracer"]> | undefined;
  readonly #onError: (error: unknown) => void;

  constructor(api: TraceApi | undefined, onError: (error: unknown) => void) {
    this.#onError = onError;
    this.#tracer = this.#attempt(() => api?.getTracer("sessionup"));
  }

  /** Runs a step, and passes on what it returns, throws or rejects with. Without a promise, everything happens at once. */
  run<Result>(step: Step<Awaited<Result>>, run: () => Result): Result {
    const started = performance.now();
    let outcome: Outcome<Result> | undefined;
    let span: Span | undefined;
    const runOnce = (active?: Span) => {
      if (outcome) return;
      span = active;
      try {
        outcome = { value: run() };
      } catch (error) {
        outcome = { error };
      }
    };
    const { name, kind, attributes } = step;
    const options = { kind, attributes: { ...attributes } };
    this.#attempt(() => this.#tracer?.startActiveSpan(name, options, runOnce));
    runOnce();
    return this.#settle(outcome as unknown as Outcome<Result>, (settled) =>
      this.#end(step, span, settled, (performance.now() - started) / 1_000),
    );
  }

  #settle<Result>(outcome: Outcome<Result>, end: (outcome: Outcome<Awaited<Result>>) => void): Result {
    if ("error" in outcome) {
      end(outcome);
      throw outcome.error;
    }
    const { value } = outcome;
    if (!isPromise(value)) {
      end({ value: value as Awaited<Result> });
      return value;
    }
    return value.then(
      (settled) => {
        end({ value: settled as Awaited<Result> });
        return settled;
      },
      (error) => {
        end({ error });
        throw error;
      },
    ) as Result;
  }

  #end<Value>(step: Step<Value>, span: Span | undefined, outcome: Outcome<Value>, seconds: number): void {
    this.#attempt(() => {
      const attributes: Record<string, AttributeValue> = { ...step.end(outcome, seconds) };
      if (!span) return;
      if ("error" in outcome) Object.assign(attributes, describeFailure(span, outcome.error));
      span.setAttributes(attributes);
    });
    this.#attempt(() => span?.end());
  }

  #attempt<Value>(call: () => Value): Value | undefined {
    try {
      return call();
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }
}
