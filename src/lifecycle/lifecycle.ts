import type { Carrier } from "../cookie/carrier.ts";
import { SessionCookie } from "../cookie/session-cookie.ts";
import type { Events } from "../events.ts";
import type { Manager } from "../manager.ts";
import type { ResolvedOptions } from "../options/manager-options.ts";
import type { Store } from "../store.ts";
import { MetadataCodec } from "./metadata.ts";
import { Repository } from "./repository.ts";

/** The dependencies of the lifecycle steps. Each manager has one. @internal */
export interface Lifecycle<In = unknown, Out = unknown> {
  /** Under this key a request's context keeps its state of this manager. */
  readonly key: symbol;
  readonly options: ResolvedOptions<In, Out>;
  readonly repository: Repository;
  readonly cookie: Carrier;
  readonly metadata: MetadataCodec<In, Out>;
  readonly events: Events;
}

/** Composes the parts of a manager. Throws `TypeError` for anything but a store. @internal */
export function createLifecycle<In, Out>(
  store: Store,
  options: ResolvedOptions<In, Out>,
  events: Events,
): Lifecycle<In, Out> {
  const cookie = { attributes: options.cookie.attributes, clearSiteData: options.clearSiteData };
  return {
    key: Symbol("sessionup"),
    options,
    repository: new Repository(options.telemetry?.observe(store, events) ?? store, options, events),
    cookie: options.cookie.previous?.createCookie(cookie) ?? new SessionCookie(cookie),
    metadata: new MetadataCodec(options.meta, options.maxMetaBytes),
    events,
  };
}

// A registered symbol, so that copies of the package in one process, as bundlers make them, work together.
const LIFECYCLE = Symbol.for("sessionup.lifecycle");

/** Lets `getLifecycle` find the lifecycle of a manager. @internal */
export function attachLifecycle(manager: object, lifecycle: Lifecycle): void {
  Object.defineProperty(manager, LIFECYCLE, { value: lifecycle });
  lifecycle.options.telemetry?.traceMethods(manager);
}

/** Returns the lifecycle of a manager. Throws `TypeError` for anything else. @internal */
export function getLifecycle<In, Out extends In>(manager: Manager<In, Out>): Lifecycle<In, Out> {
  const found = (Object(manager) as { [LIFECYCLE]?: Lifecycle<In, Out> })[LIFECYCLE];
  if (found) return found;
  throw new TypeError("The first argument must be a Manager: pass new Manager(store).");
}
