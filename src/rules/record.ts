import type { Agent } from "../session.ts";
import type { Json, SessionData, SessionRecord } from "../store.ts";

/** The default base name of the cookie. Records that name no cookie belong to it. @internal */
export const DEFAULT_COOKIE_NAME = "sessionup";

/** An authentication level above 1: when the user reached it, and when it ends if that is before the session. @internal */
export type ReachedLevel = { readonly level: number; readonly at: number; readonly until?: number };

/** The proof of identity that belongs to a secret. Without `authenticatedAt`, the last proof was the login. @internal */
export type StepUpState = { readonly authenticatedAt?: number; readonly reached?: readonly ReachedLevel[] };

/** A secret other than the current one, with what its holder had proved by then. Later proofs do not count for it. */
type OtherSecret = StepUpState & { readonly hash: string };

/** A replaced secret. Requests already under way may still present it until `until`. @internal */
export type RetiredSecret = OtherSecret & { readonly until: number };

/** An issued secret that no request has presented yet: the response may be lost or on its way. @internal */
export type PendingSecret = OtherSecret & { readonly at: number };

/** `Agent` as a JSON type: an interface has no index signature. */
export type AgentData = { readonly [Key in keyof Agent]: Agent[Key] };

/** An identity provider and its id for the session. A type rather than an interface, because it is JSON. */
export type ProviderData = { readonly issuer: string; readonly sid?: string };

/**
 * Version 1 of the core's data in `record.data`. Values that most sessions share are left out, because a store keeps
 * millions of records.
 *
 * @internal
 */
export interface RecordData extends SessionData {
  readonly v: 1;
  /**
   * The base name of the cookie, if it is not the default. It keeps the tokens of two managers over one store apart, such
   * as those for users and for admins.
   */
  readonly cookie?: string;
  /** The attributes that the cookie was last sent with. Only set if a former cookie has the same name. */
  readonly sentAs?: string;
  /** Set if the cookie outlives the browser session. */
  readonly persistent?: true;
  /** The hash of the secret's root, which never changes. */
  readonly root: string;
  /** The hash of the current secret. */
  readonly secret: string;
  /** When the current secret was issued. Unset for the first secret. */
  readonly turnedAt?: number;
  /** How often `rotate` or `reauthenticate` has replaced the secret. Unset for never. */
  readonly turns?: number;
  readonly retired?: readonly RetiredSecret[];
  /** Oldest first. */
  readonly pending?: readonly PendingSecret[];
  /** How many secrets were issued by time in a row without any being presented. Unset for none. */
  readonly unclaimed?: number;
  /** When the user last authenticated. Unset if only at login. */
  readonly authenticatedAt?: number;
  /** Oldest first. */
  readonly reached?: readonly ReachedLevel[];
  /** The client's address or its network. */
  readonly ip?: string;
  /** The network's keyed hash, stored instead of `ip`. */
  readonly network?: string;
  /** The identity provider that logged the user in. */
  readonly provider?: ProviderData;
  /** Set if an app holds the session, rather than a browser. */
  readonly kind?: "app";
  /** The name that the client gave for its device. Only sessions of apps have one. */
  readonly deviceName?: string;
  /** The thumbprint of the key that the session is bound to (RFC 9449). Only sessions of apps have one. */
  readonly jkt?: string;
  readonly agent?: AgentData;
  readonly geo?: Json;
  readonly meta?: Json;
}

/** Returns the core's data of a record, or `undefined` if a later release wrote it in an unknown version. @internal */
export function readRecordData(record: SessionRecord): RecordData | undefined {
  return record.data.v === 1 ? (record.data as RecordData) : undefined;
}

/** Begins the name that stands in the record of an app's session for the cookie's. No cookie has a space in its name. */
const APP_PREFIX = "Bearer ";

/** Returns the name under which the sessions of apps are kept apart from those of a cookie. @internal */
export function toAppName(cookie: string): string {
  return APP_PREFIX + cookie;
}

/** Returns the data of an app's session as if its token were in the manager's cookie. @internal */
export function asBrowser(data: RecordData): RecordData {
  return data.kind ? { ...data, cookie: getCookieName(data).slice(APP_PREFIX.length) } : data;
}

/** Returns the base name of a session's cookie. @internal */
export function getCookieName({ cookie = DEFAULT_COOKIE_NAME }: RecordData): string {
  return cookie;
}
