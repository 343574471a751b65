import type { Agent } from "../session.ts";
import type { Json, SessionData, SessionRecord } from "../store.ts";

/** What the cookie is called unless the app says otherwise, and the one of stored sessions that name none. @internal */
export const DEFAULT_COOKIE_NAME = "sessionup";

/** A level above the first that was reached, when, and until when it counts if that is before the session ends. @internal */
export type ReachedLevel = { readonly level: number; readonly at: number; readonly until?: number };

/** What the holder of a secret has proved, and when for the last time; unset: when the session began. @internal */
export type StepUpState = { readonly authenticatedAt?: number; readonly reached?: readonly ReachedLevel[] };

/** A secret that is not the current one, and what its holder had proved by then: nobody sees a later authentication. */
type Other = StepUpState & { readonly hash: string };

/** A secret that was replaced, and how long requests under way may still present it. @internal */
export type RetiredSecret = Other & { readonly until: number };

/** A secret that was sent, and when; nobody has presented it yet: the response may be lost, or on its way. @internal */
export type PendingSecret = Other & { readonly at: number };

/** `Agent` as a type that is JSON: an interface has no index signature. */
export type AgentData = { readonly [Key in keyof Agent]: Agent[Key] };

/** An identity provider, and what it calls the session. As a type: it is JSON. */
export type ProviderData = { readonly issuer: string; readonly sid?: string };

/**
 * The first version of what the core keeps in `record.data`. What most sessions have alike is left out: a store keeps
 * millions of them.
 *
 * @internal
 */
export interface RecordData extends SessionData {
  readonly v: 1;
  /**
   * The base name of the cookie: a token of the users' manager is nothing to the admins' one over the same store. Unset:
   * the default one.
   */
  readonly cookie?: string;
  /** How that cookie was sent last; only where one of its name was sent otherwise before. */
  readonly sentAs?: string;
  /** Set where the cookie outlives the browser. */
  readonly persistent?: true;
  /** Hash of the secret's root, which never changes. */
  readonly root: string;
  /** Hash of the current secret. */
  readonly secret: string;
  /** When the current secret was made; unset: when the session began. */
  readonly turnedAt?: number;
  /** How often the app has replaced the secret by `rotate` or `reauthenticate`; unset: never. */
  readonly turns?: number;
  readonly retired?: readonly RetiredSecret[];
  /** Oldest first. */
  readonly pending?: readonly PendingSecret[];
  /** The number of secrets issued by time in a row of which none has been presented; unset: none. */
  readonly unclaimed?: number;
  /** When the user has last proved who they are; unset: when the session began. */
  readonly authenticatedAt?: number;
  /** Oldest first. */
  readonly reached?: readonly ReachedLevel[];
  /** The address, or its network. */
  readonly ip?: string;
  /** The network's keyed hash, in place of it. */
  readonly network?: string;
  /** By whom the user has logged in. */
  readonly provider?: ProviderData;
  readonly agent?: AgentData;
  readonly geo?: Json;
  readonly meta?: Json;
}

/** The core's data of a record, or `undefined` if a later release wrote it in a shape this one does not know. @internal */
export function readRecordData(record: SessionRecord): RecordData | undefined {
  return record.data.v === 1 ? (record.data as RecordData) : undefined;
}

/** The base name of the cookie that a session is under. @internal */
export function getCookieName({ cookie = DEFAULT_COOKIE_NAME }: RecordData): string {
  return cookie;
}
