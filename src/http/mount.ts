/** The key under which an adapter's sessions turn the ready-made routes into the framework's own form. */
export const MOUNT: unique symbol = Symbol.for("sessionup.mount");

/** Sessions that `sessionRoutes` can mount. `Mounted` is the framework's middleware, plugin, hook or handler. */
export interface Mountable<Context, Mounted> {
  /** Turns the routes into what the framework mounts. */
  [MOUNT](routes: Routes<Context>): Mounted;
}

/** A request, as far as the routes read it. */
export interface RouteRequest {
  readonly method: string;
  /** The whole path as browsers see it, with or without a query. */
  readonly path: string;
  /** The beginning of the path that the framework's mounts have matched, such as `"/api"`. Default: `path` without `rest`. */
  readonly mount?: string;
  /** The end of the path that the framework's mounts have left, if the framework does not tell `mount`. Default: the whole path. */
  readonly rest?: string;
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
