import type { StepUpRequirement } from "../rules/step-up.ts";
import type { Session } from "../session.ts";

/** The key under which an adapter's sessions turn the ready-made routes into the framework's own form. */
export const MOUNT: unique symbol = Symbol("sessionup.mount");

/** The key under which sessions keep what the ready-made routes call. @internal */
export const ROUTE_METHODS: unique symbol = Symbol("sessionup.routeMethods");

/** Sessions that `sessionRoutes` can mount. `Mounted` is the framework's middleware, plugin, hook or handler. */
export interface Mountable<Context, Mounted> {
  /** Turns the routes into what the framework mounts. */
  [MOUNT](routes: Routes<Context>): Mounted;
  /** @internal */
  readonly [ROUTE_METHODS]: RouteMethods<Context>;
}

/** A request, as far as the routes read it. */
export interface RouteRequest {
  readonly method: string;
  /** The whole path as browsers see it, with or without a query. */
  readonly path: string;
  /** The beginning of the path that the framework's mounts have matched, such as `"/api"`. Default `""`. */
  readonly mount?: string;
}

/** The answer of a route, independent of the framework. */
export interface RouteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. Absent with status 204 and 405, and for `HEAD`. */
  readonly body?: string;
}

/** The ready-made routes before an adapter has put them into its framework's form. */
export interface Routes<Context> {
  /** Answers a request to one of the routes. Returns `undefined` for every other request. */
  (context: Context, request: RouteRequest): Promise<RouteAnswer | undefined>;
  /** Returns the whole path of each route in a mount, such as `"/account/sessions/:id"`. */
  paths(mount: string): readonly string[];
}

/** The methods that the routes call. @internal */
export interface RouteMethods<Context> {
  /** Returns the session without counting as activity. Throws what `auth` rejects with. */
  peek(context: Context): Promise<Session<unknown>>;
  /** Returns the session as `auth` loads it. Throws what `auth` rejects with. */
  load(context: Context, need?: StepUpRequirement): Promise<Session<unknown>>;
  fetchAll(context: Context): Promise<readonly Session<unknown>[]>;
  revoke(context: Context): Promise<void>;
  revokeOther(context: Context): Promise<readonly string[]>;
  revokeAll(context: Context): Promise<readonly string[]>;
  revokeOwn(context: Context, id: string): Promise<boolean>;
  /** Throws `ERR_CROSS_ORIGIN` for an unsafe request from a page of another origin. */
  checkOrigin(context: Context): void;
  now(): number;
}
