import type { Operation, Telemetry } from "../options/telemetry.ts";
import type { Store } from "../store.ts";
import { countMessages } from "./channels.ts";
import { countEvents } from "./event-counters.ts";
import { toErrorType } from "./failures.ts";
import { Instruments } from "./instruments.ts";
import { observeStore, type StoreOperation } from "./observed-store.ts";
import { describeOperation, OPERATIONS, toSnakeCase } from "./operations.ts";
import { type OpenTelemetryOptions, parseOpenTelemetryOptions } from "./options.ts";
import { SPAN_KIND, Spans } from "./spans.ts";
import { toStoreOutcome } from "./store-outcome.ts";

export type { Telemetry } from "../options/telemetry.ts";
export type { MetricsApi, TraceApi } from "./api.ts";
export type { OpenTelemetryOptions } from "./options.ts";

/**
 * Returns the manager's option `telemetry`: spans for operations and store calls, and metrics, by the app's own
 * `@opentelemetry/api`. Spans contain the public ids of sessions. Neither spans nor metrics contain secrets, addresses,
 * metadata or, unless `exportUserKeys` is set, user keys.
 *
 * Throws `TypeError` for invalid options. Errors that the API throws go to `onError`.
 *
 * @example
 * ```ts
 * import { metrics, trace } from "@opentelemetry/api";
 * import { Manager } from "sessionup";
 * import { openTelemetry } from "sessionup/opentelemetry";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const telemetry = openTelemetry({ trace, metrics });
 * export const manager = new Manager(memoryStore(), { telemetry });
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions): Telemetry {
  const { trace, metrics, exportUserKeys, onError } = parseOpenTelemetryOptions(options);
  const report = once(onError);
  const spans = new Spans(trace, report);
  const instruments = metrics && new Instruments(metrics, report);
  const observedStores = new WeakSet<Store>();
  const counted = new WeakSet<object>();
  if (metrics && instruments) countMessages(metrics, instruments);

  function observeCall<Result>(operation: StoreOperation, call: () => Result): Result {
    const name = toSnakeCase(operation);
    const attributes = { "sessionup.store.operation": name };
    return spans.run(
      {
        name: `sessionup.store.${name}`,
        kind: SPAN_KIND.client,
        attributes,
        end(ended, seconds) {
          const outcome = toStoreOutcome(ended);
          const described = {
            "sessionup.outcome": outcome,
            ...(outcome === "error" && "error" in ended && { "error.type": toErrorType(ended.error) }),
          };
          instruments?.write("storeOperation", seconds, { ...attributes, ...described });
          if (outcome === "conflict") instruments?.write("conflicts", 1);
          return described;
        },
      },
      call,
    );
  }

  function traceOperation<Result>(
    operation: Operation,
    run: () => Result,
    args: readonly unknown[] = [],
  ): Result {
    return spans.run(
      {
        name: `sessionup.${toSnakeCase(operation)}`,
        kind: SPAN_KIND.internal,
        attributes: {},
        end(ended, seconds) {
          const described =
            "value" in ended ? describeOperation(operation, ended.value, args, exportUserKeys) : {};
          if (operation === "authenticate") {
            const outcome = described["sessionup.outcome"] ?? "failed";
            instruments?.write("authenticate", seconds, { "sessionup.outcome": outcome });
          }
          return described;
        },
      },
      run,
    );
  }

  return Object.freeze({
    exportsUserKeys: exportUserKeys,
    observe(store, events) {
      if (instruments && !counted.has(events)) {
        counted.add(events);
        countEvents(events, instruments);
      }
      // The second transport of a manager has the store of the first. The manager itself rejects an invalid store.
      if (observedStores.has(store) || typeof store?.fetchById !== "function") return store;
      if (instruments && store.deleteExpired) instruments.hasCleanup = true;
      const observed = observeStore(store, observeCall);
      observedStores.add(observed);
      return observed;
    },
    trace: traceOperation,
    traceMethods(methods) {
      const given = methods as Record<string, ((...args: unknown[]) => unknown) | undefined>;
      for (const operation of OPERATIONS) {
        const method = given[operation];
        if (typeof method !== "function") continue;
        const isOwn = Object.hasOwn(methods, operation);
        const value = (...args: unknown[]) =>
          traceOperation(operation, () => method.apply(methods, args), args);
        // The methods of a manager are on its prototype: a printed manager must not show them.
        Object.defineProperty(methods, operation, { value, enumerable: isOwn, configurable: true });
      }
    },
  } satisfies Telemetry);
}

/** Returns a function that passes on the first error. An app with a broken API would otherwise be flooded. */
function once(onError: (error: unknown) => void): (error: unknown) => void {
  let isReported = false;
  return (error) => {
    if (isReported) return;
    isReported = true;
    try {
      onError(error);
    } catch (failure) {
      console.error("sessionup: onError of openTelemetry failed.", failure);
    }
  };
}
