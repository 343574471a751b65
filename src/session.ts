import type { RecordData, StepUpState } from "./rules/record.ts";
import type { Json, SessionRecord } from "./store.ts";

declare const brand: unique symbol;

/** The public handle of a session: may be listed, logged and put into a URL; it logs nobody in. */
export type SessionId = string & { readonly [brand]: "SessionId" };

/** The families of what a session was started with, as far as they are known: never versions, today's browsers lie about them. */
export interface Agent {
  /** Such as `"Firefox"`. */
  readonly browser?: string;
  /** Such as `"macOS"`. */
  readonly os?: string;
}

/** What `JSON.stringify` makes of a session: nothing in it logs anybody in or says who the user is. Times are ISO 8601. */
export interface SessionJson<Meta = undefined> {
  readonly id: SessionId;
  readonly current: boolean;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly ip?: string;
  readonly agent?: Agent;
  readonly geo?: Json;
  readonly meta?: Meta;
}

/** A session as an app sees it. Read-only: it is changed by the verbs. */
export interface Session<Meta = undefined> {
  readonly id: SessionId;
  /** Whose session it is: what `init` was given. Not in the JSON. */
  readonly userKey: string;
  /** Whether it is the session of the request that asked. */
  readonly current: boolean;
  readonly createdAt: Date;
  /** When it was last used, to the minute, or to a tenth of the idle timeout if that is shorter. */
  readonly lastSeenAt: Date;
  /** When it ends unless it is used, and at the latest when it ends at all. */
  readonly expiresAt: Date;
  /** When the user last proved who they are: at `init` or `reauthenticate`. Not in the JSON. */
  readonly authenticatedAt: Date;
  /**
   * How well the user has proved it: 1, or what `init` and `reauthenticate` were told, for as long as that counts. Not in
   * the JSON.
   */
  readonly level: number;
  /** The address it was started from, or its network with `client.ip: "prefix"`; unless that is off or it is not known. */
  readonly ip: string | undefined;
  /** The browser and the system it was started with, unless `client.agent` is off or they are not known. */
  readonly agent: Agent | undefined;
  /** Where it was started, as `client.geo` said then. */
  readonly geo: Json | undefined;
  /**
   * What `init` and `updateMeta` put there, as the schema parses it. Frozen. In a list, reading it throws
   * `ERR_META_INVALID` if it no longer parses.
   */
  readonly meta: Meta;
  toJSON(): SessionJson<Meta>;
}

/** How a session's metadata came out of its schema. @internal */
export type ParsedMeta<Meta> =
  | { readonly ok: true; readonly value: Meta }
  | { readonly ok: false; readonly error: Error };

/**
 * A view on a record. The record is private, so that no inspection or spread shows a hash, and dates are made only
 * when somebody looks at them: most requests want the user key alone.
 *
 * @internal
 */
export class SessionView<Meta> implements Session<Meta> {
  readonly #record: SessionRecord;
  readonly #data: RecordData;
  readonly #meta: ParsedMeta<Meta>;
  readonly #level: number;
  readonly #proved: StepUpState;
  readonly #current: boolean;

  constructor(
    record: SessionRecord,
    data: RecordData,
    meta: ParsedMeta<Meta>,
    current: boolean,
    level: number,
    /** By the holder of the secret that was presented. */
    proved: StepUpState = data,
  ) {
    this.#record = record;
    this.#data = data;
    this.#meta = meta;
    this.#current = current;
    this.#level = level;
    this.#proved = proved;
  }

  get id(): SessionId {
    return this.#record.id as SessionId;
  }
  get userKey(): string {
    return this.#record.userKey;
  }
  get current(): boolean {
    return this.#current;
  }
  get createdAt(): Date {
    return new Date(this.#record.createdAt);
  }
  get lastSeenAt(): Date {
    return new Date(this.#record.lastSeenAt);
  }
  get expiresAt(): Date {
    return new Date(this.#record.expiresAt);
  }
  get authenticatedAt(): Date {
    return new Date(this.#proved.authenticatedAt ?? this.#record.createdAt);
  }
  get level(): number {
    return this.#level;
  }
  get ip(): string | undefined {
    return this.#data.ip;
  }
  get agent(): Agent | undefined {
    return this.#data.agent;
  }
  get geo(): Json | undefined {
    return this.#data.geo;
  }
  get meta(): Meta {
    if (this.#meta.ok) return this.#meta.value;
    throw this.#meta.error;
  }

  toJSON(): SessionJson<Meta> {
    const { ip, agent, geo } = this.#data;
    const json: SessionJson<Meta> = {
      id: this.id,
      current: this.#current,
      createdAt: this.createdAt.toISOString(),
      lastSeenAt: this.lastSeenAt.toISOString(),
      expiresAt: this.expiresAt.toISOString(),
    };
    return Object.assign(
      json,
      ip !== undefined && { ip },
      agent !== undefined && { agent },
      geo !== undefined && { geo },
      this.#meta.ok && this.#meta.value !== undefined && { meta: this.#meta.value },
    );
  }

  [Symbol.for("nodejs.util.inspect.custom")](): SessionJson<Meta> {
    return this.toJSON();
  }
}
