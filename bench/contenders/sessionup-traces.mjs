import { createObserved } from "./_opentelemetry.mjs";

/** With metrics, and with a span for each request and each store call. */
export const { node } = createObserved({ traces: true });
