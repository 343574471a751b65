import { createObserved } from "./_opentelemetry.mjs";

/** With metrics, and without spans. */
export const { node } = createObserved({ traces: false });
