import { findEndReason } from "../rules/expiry.ts";
import { type RecordData, readRecordData, type StepUpState } from "../rules/record.ts";
import { computeLevel } from "../rules/step-up.ts";
import type { Agent, Session, SessionId, SessionJson, SessionKind } from "../session.ts";
import type { Json, SessionRecord } from "../store.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { ParsedMeta } from "./metadata.ts";

/**
 * A view of a record. The record is private, so that no log line and no spread shows a hash. Dates are created only
 * when they are read: most requests read only the user key.
 *
 * @internal
 */
export class SessionView<Meta> implements Session<Meta> {
  readonly #lifecycle: Lifecycle<unknown, Meta>;
  readonly #record: SessionRecord;
  readonly #data: RecordData;
  readonly #meta: ParsedMeta<Meta>;
  readonly #level: number;
  readonly #stepUp: StepUpState;
  readonly #current: boolean;

  constructor(
    lifecycle: Lifecycle<unknown, Meta>,
    record: SessionRecord,
    data: RecordData,
    meta: ParsedMeta<Meta>,
    current: boolean,
    now: number,
    /** The authentication that the presented secret proves. */
    stepUp: StepUpState = data,
  ) {
    this.#lifecycle = lifecycle;
    this.#record = record;
    this.#data = data;
    this.#meta = meta;
    this.#current = current;
    this.#level = computeLevel(stepUp, now);
    this.#stepUp = stepUp;
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
    return new Date(this.#stepUp.authenticatedAt ?? this.#record.createdAt);
  }
  get level(): number {
    return this.#level;
  }
  get kind(): SessionKind {
    return this.#data.kind ?? "browser";
  }
  get deviceName(): string | undefined {
    return this.#data.deviceName;
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

  get signal(): AbortSignal {
    const { live } = this.#lifecycle.options;
    if (live) return live.getSignal(this.#lifecycle, this.#record);
    throw new TypeError("session.signal requires live: liveSessions().");
  }

  toJSON(): SessionJson<Meta> {
    const { deviceName, ip, agent, geo } = this.#data;
    return {
      id: this.id,
      current: this.#current,
      createdAt: this.createdAt.toISOString(),
      lastSeenAt: this.lastSeenAt.toISOString(),
      expiresAt: this.expiresAt.toISOString(),
      kind: this.kind,
      ...(deviceName !== undefined && { deviceName }),
      ...(ip !== undefined && { ip }),
      ...(agent !== undefined && { agent }),
      ...(geo !== undefined && { geo }),
      ...(this.#meta.ok && this.#meta.value !== undefined && { meta: this.#meta.value }),
    };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): SessionJson<Meta> {
    return this.toJSON();
  }
}

/** Returns the live sessions among these records, with the current one marked. @internal */
export async function toSessions<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  records: readonly SessionRecord[],
  current?: SessionId,
): Promise<readonly Session<Out>[]> {
  const { options, metadata } = lifecycle;
  const now = options.clock();
  const sessions: Session<Out>[] = [];
  for (const record of records) {
    const data = readRecordData(record);
    if (!data || findEndReason(record, now, options.lifetime)) continue;
    const meta = await metadata.read(data.meta);
    sessions.push(new SessionView(lifecycle, record, data, meta, record.id === current, now));
  }
  return sessions;
}
