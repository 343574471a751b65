import type { Agent } from "./session.ts";
import type { Json, SessionData, SessionRecord } from "./store.ts";

/** A secret that was replaced, and how long requests under way may still present it. @internal */
export type Retired = {
  readonly hash: string;
  readonly until: number;
  /** The holder of the old secret never sees a later authentication. */
  readonly authenticatedAt: number;
};

/** `Agent` as a type that is JSON: an interface has no index signature. */
export type AgentData = { readonly [Key in keyof Agent]: Agent[Key] };

/** The first version of what the core keeps in `record.data`. @internal */
export interface CoreData extends SessionData {
  readonly v: 1;
  /** The base name of the cookie: a token of the users' manager is nothing to the admins' one over the same store. */
  readonly cookie: string;
  /** Whether the cookie outlives the browser. */
  readonly persistent: boolean;
  /** Hash of the secret's root, which never changes. */
  readonly root: string;
  /** Hash of the current secret. */
  readonly secret: string;
  readonly retired: readonly Retired[];
  readonly authenticatedAt: number;
  readonly ip?: string;
  readonly agent?: AgentData;
  readonly meta?: Json;
}

/** The core's data of a record, or `undefined` if a later release wrote it in a shape this one does not know. @internal */
export function coreData(record: SessionRecord): CoreData | undefined {
  return record.data.v === 1 ? (record.data as CoreData) : undefined;
}
