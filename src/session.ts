import type { Json } from "./store.ts";

declare const brand: unique symbol;

/** The public handle of a session. It is safe to list, to log and to put into a URL: it does not authenticate a client. */
export type SessionId = string & { readonly [brand]: "SessionId" };

/** The families of the client's browser and operating system, where they are known. Never versions: browsers freeze them. */
export interface Agent {
  /** Such as `"Firefox"`. */
  readonly browser?: string;
  /** Such as `"macOS"`. */
  readonly os?: string;
}

/** The client that holds a session: a browser by its cookie, or an app by a bearer token. */
export type SessionKind = "browser" | "app";

/** The JSON of a session. It neither authenticates a client nor names the user. Times are ISO 8601. */
export interface SessionJson<Meta = undefined> {
  readonly id: SessionId;
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly kind: SessionKind;
  readonly deviceName?: string;
  readonly ip?: string;
  readonly agent?: Agent;
  readonly geo?: Json;
  readonly meta?: Meta;
}

/** A session as an app sees it. It is read-only: the methods of `Sessions` change it. */
export interface Session<Meta = undefined> {
  readonly id: SessionId;
  /** The user key that `init` received. Not in the JSON. */
  readonly userKey: string;
  /** Whether this is the session of the current request. */
  readonly current: boolean;
  readonly createdAt: Date;
  /** The last activity, to the minute, or to a tenth of the idle timeout if that is shorter. */
  readonly lastSeenAt: Date;
  /** When the session ends unless it is used again. Never later than its deadline. */
  readonly expiresAt: Date;
  /** The last time the user proved their identity: at `init` or `reauthenticate`. Not in the JSON. */
  readonly authenticatedAt: Date;
  /** The level that is in force: 1, or the level that `init` or `reauthenticate` received, while it counts. Not in the JSON. */
  readonly level: number;
  /** `"browser"`, or `"app"` if `initBearer` of `sessionup/bearer` began the session. */
  readonly kind: SessionKind;
  /** The name that the client gave for its device, at most 64 characters. Any client can claim any name. */
  readonly deviceName: string | undefined;
  /** The address of the login, or its network with `client.ip: "prefix"`. `undefined` when it is off or unknown. */
  readonly ip: string | undefined;
  /** The browser and operating system of the login. `undefined` when `client.agent` is off or both are unknown. */
  readonly agent: Agent | undefined;
  /** The result of `client.geo` at the login. */
  readonly geo: Json | undefined;
  /**
   * The metadata that `init` and `updateMeta` stored, as the schema parses it. Frozen. In a list, reading it throws
   * `ERR_META_INVALID` if it no longer parses.
   */
  readonly meta: Meta;
  /**
   * Aborted when the session ends or expires, by whichever process, with `ERR_UNAUTHORIZED` and the reason. The same signal
   * for all requests of a session. `rotate` and `updateMeta` do not abort it. Throws `TypeError` without the manager's option
   * `live`. Not in the JSON.
   *
   * From the first use of a session's signal on, the process watches the session until it ends. At the first use it asks the
   * store about the session once.
   */
  readonly signal: AbortSignal;
  toJSON(): SessionJson<Meta>;
}
