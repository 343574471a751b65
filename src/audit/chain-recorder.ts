import { appendEntry, createChain } from "./chain.ts";
import { Delivery } from "./delivery.ts";
import type { AuditDraft, AuditEntry, AuditHead } from "./entry.ts";
import { type RecorderPlan, settleAll } from "./recorder-plan.ts";

/** Writes a chain of this process to the sinks. @internal */
export class ChainRecorder {
  readonly #plan: RecorderPlan;
  readonly #deliveries: readonly Delivery[];
  readonly #opening: Promise<void>;
  #head = createChain();
  /** The events that arrived while the chain was being opened. Later ones become entries at once. */
  #early: AuditDraft[] | undefined = [];

  constructor(plan: RecorderPlan) {
    this.#plan = plan;
    this.#deliveries = plan.sinks.map((sink) => new Delivery(sink, plan.maxWaiting, plan.onError));
    this.#opening = this.#open();
  }

  add(draft: AuditDraft): void {
    if (this.#early) this.#early.push(draft);
    else this.#append(draft);
  }

  async head(): Promise<AuditHead> {
    await this.#opening;
    return this.#head;
  }

  async flush(): Promise<void> {
    await this.#opening;
    await settleAll(this.#deliveries.map((delivery) => delivery.flush()));
  }

  async close(): Promise<void> {
    await this.#opening;
    this.#append({ kind: "closed", at: this.#plan.clock() });
    await settleAll(this.#deliveries.map((delivery) => delivery.close()));
  }

  /** Begins the chain with an entry that names the last one that a sink has, so that a chain cannot be removed unnoticed. */
  async #open(): Promise<void> {
    const { sinks, clock, onError } = this.#plan;
    let last: AuditEntry | undefined;
    try {
      for (const sink of sinks) last ??= await sink.readLast?.();
    } catch (cause) {
      onError(new Error("sessionup: a sink of auditLog could not read its last entry.", { cause }));
    }
    const follows = last && { chain: last.chain, seq: last.seq, hash: last.hash };
    this.#append({ kind: "opened", at: clock(), details: { ...(follows && { follows }) } });
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const draft of early) this.#append(draft);
  }

  #append(draft: AuditDraft): void {
    const entry = appendEntry(this.#head, draft, this.#plan.keys);
    this.#head = { chain: entry.chain, seq: entry.seq, hash: entry.hash };
    for (const delivery of this.#deliveries) delivery.add(entry);
  }
}
