import { randomText } from "../cookie/token.ts";
import { unrefed } from "../live/unrefed.ts";
import { appendEntry, createChain, type TrailKeys } from "./chain.ts";
import type { AuditDraft, AuditEntry, AuditHead } from "./entry.ts";
import { parseEntry } from "./parse-entry.ts";
import { type AuditSink, Delivery, PAUSE } from "./sink.ts";
import { type Trail, toRow } from "./trail.ts";
import type { TrailRow } from "./trail-store.ts";

/** The settings of a recorder. @internal */
export interface RecorderPlan {
  readonly sinks: readonly AuditSink[];
  readonly keys: TrailKeys;
  readonly clock: () => number;
  /** Milliseconds. */
  readonly sealEvery: number;
  readonly maxWaiting: number;
  readonly onError: (error: Error) => void;
}

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
    await all(this.#deliveries.map((delivery) => delivery.flush()));
  }

  async close(): Promise<void> {
    await this.#opening;
    this.#append({ kind: "closed", at: this.#plan.clock() });
    await all(this.#deliveries.map((delivery) => delivery.close()));
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

/** The kinds of entries that the store writes itself, in the step that they describe. */
const WRITTEN_BY_STORE: ReadonlySet<string> = new Set(["begun", "ended", "rotated", "elevated", "moved"]);

/** One process seals for this many milliseconds at least, before another one may. */
const TERM = 30_000;
const ENTRIES_PER_WRITE = 500;

/** Seals the trail of the store, and passes its entries to the sinks: in one process at a time. @internal */
export class TrailRecorder {
  readonly trail: Trail;
  readonly #plan: RecorderPlan;
  readonly #rows: Delivery<TrailRow>;
  readonly #owner: string = randomText(20);
  readonly #timer: ReturnType<typeof setInterval>;
  /** The end of this process's term. */
  #until = 0;
  /** How much of the chain each sink has. */
  #sent: number[] | undefined;
  /** The time before which a sink that has failed is left alone, and the next pause. */
  readonly #rests = new Map<AuditSink, { readonly until: number; readonly next: number }>();
  #turn: Promise<void> | undefined;
  #hasFailed = false;

  constructor(trail: Trail, plan: RecorderPlan) {
    this.trail = trail;
    this.#plan = plan;
    const { store } = trail;
    this.#rows = new Delivery({ write: (rows) => store.add(rows) }, plan.maxWaiting, plan.onError);
    this.#timer = unrefed(setInterval(() => void this.#takeTurn().catch(() => undefined), plan.sealEvery));
  }

  add(draft: AuditDraft): void {
    if (!WRITTEN_BY_STORE.has(draft.kind)) this.#rows.add(toRow(draft));
  }

  head(): Promise<AuditHead> {
    return this.trail.head();
  }

  async flush(): Promise<void> {
    await this.#rows.flush();
    // A turn under way may have begun before the last rows.
    await this.#turn?.catch(() => undefined);
    this.#rests.clear();
    await this.#takeTurn();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    try {
      await this.#rows.close();
      await this.flush();
    } finally {
      // Lets another process go on at once.
      if (this.#until > 0)
        await this.trail.store.claim(this.#owner, this.#plan.clock(), 0).catch(() => undefined);
      await all(this.#plan.sinks.map(async (sink) => sink.close?.()));
    }
  }

  #takeTurn(): Promise<void> {
    this.#turn ??= this.#work().then(
      () => {
        this.#turn = undefined;
        this.#hasFailed = false;
      },
      (cause) => {
        this.#turn = undefined;
        // A failure that lasts is reported once.
        if (!this.#hasFailed)
          this.#plan.onError(new Error("sessionup: the audit trail could not be sealed or sent.", { cause }));
        this.#hasFailed = true;
        throw cause;
      },
    );
    return this.#turn;
  }

  async #work(): Promise<void> {
    const { clock, sealEvery, sinks } = this.#plan;
    const now = clock();
    const term = Math.max(TERM, 4 * sealEvery);
    if (this.#until - now < term / 2 || this.#until - now > term) {
      const isOurs = await this.trail.store.claim(this.#owner, now, now + term);
      if (!isOurs || this.#until < now) this.#sent = undefined;
      this.#until = isOurs ? now + term : 0;
      if (!isOurs) return;
    }
    await this.trail.seal();
    if (sinks.length === 0) return;
    const state = await this.trail.store.readState();
    const sent = this.#sent ?? sinks.map(() => state.sent);
    this.#sent = sent;
    const results = await Promise.allSettled(sinks.map((sink, index) => this.#send(sink, sent, index)));
    const least = Math.min(...sent);
    if (least > state.sent) await this.trail.store.markSent(least);
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Sends the entries that a sink does not have yet. A sink that fails delays no other one. */
  async #send(sink: AuditSink, sent: number[], index: number): Promise<void> {
    const rest = this.#rests.get(sink);
    const now = this.#plan.clock();
    if (rest && rest.until > now && rest.until <= now + PAUSE.last) return;
    for (;;) {
      const rows = await this.trail.store.read({ after: sent[index] ?? 0, limit: ENTRIES_PER_WRITE });
      const last = rows.at(-1);
      if (!last) return;
      const entries = rows.flatMap(({ text }) => parseEntry(text) ?? []);
      try {
        await sink.write(entries);
      } catch (cause) {
        if ((cause as { readonly retry?: unknown } | null)?.retry !== false) {
          const pause = rest?.next ?? PAUSE.first;
          this.#rests.set(sink, { until: now + pause, next: Math.min(2 * pause, PAUSE.last) });
          throw cause;
        }
        this.#plan.onError(
          new Error(`sessionup: a sink of auditLog rejected ${entries.length} entries for good.`, { cause }),
        );
      }
      sent[index] = last.seq;
      this.#rests.delete(sink);
    }
  }
}

/** Waits for all, and then rejects with the first error. */
async function all(promises: ReadonlyArray<Promise<unknown>>): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === "rejected") throw result.reason;
}
