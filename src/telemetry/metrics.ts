import type { UnauthorizedReason } from "../errors.ts";
import type { SessionEvents } from "../events.ts";
import type { EndReason } from "../store.ts";

/** A metric. The values of an attribute are listed where they are a closed set. @internal */
export interface Metric {
  readonly name: string;
  readonly kind: "counter" | "upDownCounter" | "histogram";
  readonly unit: string;
  readonly description: string;
  readonly attributes: Readonly<Record<string, readonly string[] | "open">>;
}

/** Returns every member of a union, which `Record` makes the compiler check. */
const all = <Value extends string>(values: Readonly<Record<Value, true>>): readonly Value[] =>
  Object.keys(values) as Value[];

const END_REASONS = /* @__PURE__ */ all<EndReason>({
  logout: true,
  revoked: true,
  evicted: true,
  expired: true,
  idle: true,
  reused: true,
  client_changed: true,
});

const REJECTIONS = /* @__PURE__ */ all<UnauthorizedReason | "cross_origin">({
  no_cookie: true,
  malformed: true,
  unknown: true,
  expired: true,
  idle: true,
  revoked: true,
  logout: true,
  evicted: true,
  client_changed: true,
  reused: true,
  stale_authentication: true,
  meta_invalid: true,
  cross_origin: true,
});

const ROTATIONS = /* @__PURE__ */ all<SessionEvents["rotated"]["cause"]>({
  time: true,
  rotate: true,
  reauthenticate: true,
});

const CLIENT_ACTIONS = /* @__PURE__ */ all<SessionEvents["client_changed"]["action"]>({
  reject: true,
  end: true,
  report: true,
});

/** How a store operation ended. @internal */
export const STORE_OUTCOMES = [
  "ok",
  "not_found",
  "not_owner",
  "conflict",
  "limit",
  "duplicate_id",
  "error",
] as const;

/** Every metric. `docs/guides/monitoring.md` has the same table. @internal */
export const METRICS = {
  created: {
    name: "sessionup.created",
    kind: "counter",
    unit: "{session}",
    description: "Sessions that began.",
    attributes: {},
  },
  ended: {
    name: "sessionup.ended",
    kind: "counter",
    unit: "{session}",
    description: "Sessions that ended.",
    attributes: { "sessionup.reason": END_REASONS },
  },
  rejected: {
    name: "sessionup.rejected",
    kind: "counter",
    unit: "{request}",
    description: "Requests without a valid session where one was required or presented.",
    attributes: { "sessionup.reason": REJECTIONS },
  },
  rotated: {
    name: "sessionup.rotated",
    kind: "counter",
    unit: "{secret}",
    description: "Secrets that were replaced.",
    attributes: { "sessionup.rotation.cause": ROTATIONS },
  },
  clientChanged: {
    name: "sessionup.client_changed",
    kind: "counter",
    unit: "{request}",
    description: "Requests from another browser or network than the one at login.",
    attributes: { "sessionup.action": CLIENT_ACTIONS },
  },
  reuseDetected: {
    name: "sessionup.reuse_detected",
    kind: "counter",
    unit: "{session}",
    description: "Sessions that ended because a client presented an old secret.",
    attributes: {},
  },
  errors: {
    name: "sessionup.errors",
    kind: "counter",
    unit: "{error}",
    description: "Failures of the store, of listeners and of the app's parsers.",
    attributes: {},
  },
  authenticate: {
    name: "sessionup.authenticate.duration",
    kind: "histogram",
    unit: "s",
    description: "Time to authenticate a request, including its store calls.",
    attributes: { "sessionup.outcome": ["session", "none", "failed"] },
  },
  storeOperation: {
    name: "sessionup.store.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "Time that the store took for an operation.",
    attributes: {
      "sessionup.store.operation": "open",
      "sessionup.outcome": STORE_OUTCOMES,
      "error.type": "open",
    },
  },
  conflicts: {
    name: "sessionup.store.conflicts",
    kind: "counter",
    unit: "{update}",
    description: "Updates that came after a concurrent change.",
    attributes: {},
  },
  cacheReads: {
    name: "sessionup.cache.reads",
    kind: "counter",
    unit: "{read}",
    description: "Reads of sessions through the cache.",
    attributes: { "sessionup.cache.result": ["hit", "miss", "joined"] },
  },
  cacheTouches: {
    name: "sessionup.cache.touches",
    kind: "counter",
    unit: "{touch}",
    description: "Activity of sessions that the cache kept back, and the writes that it led to.",
    attributes: { "sessionup.cache.touch": ["deferred", "written", "failed"] },
  },
  cleanupRuns: {
    name: "sessionup.cleanup.runs",
    kind: "counter",
    unit: "{run}",
    description: "Cleanups of expired records by this process.",
    attributes: { "sessionup.outcome": ["ok", "error"] },
  },
  cleanupRemoved: {
    name: "sessionup.cleanup.removed",
    kind: "counter",
    unit: "{record}",
    description: "Expired records and tombstones that the cleanups of this process removed.",
    attributes: {},
  },
  connections: {
    name: "sessionup.connections",
    kind: "upDownCounter",
    unit: "{connection}",
    description: "Open connections that end with their session.",
    attributes: { "sessionup.connection.kind": ["ws", "socket.io", "sse", "socket"] },
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** The name of a metric in `METRICS`. @internal */
export type MetricKey = keyof typeof METRICS;

/** The upper limits of the buckets of histograms, in seconds. */
export const BUCKETS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
