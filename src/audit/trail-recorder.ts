import { randomText } from "../cookie/token.ts";
import { unrefed } from "../live/unrefed.ts";
import { Delivery, PAUSE } from "./delivery.ts";
import type { AuditDraft, AuditHead } from "./entry.ts";
import { parseEntry } from "./parse-entry.ts";
import { type RecorderPlan, settleAll } from "./recorder-plan.ts";
import type { AuditSink } from "./sink.ts";
import { type Trail, toRow } from "./trail.ts";
import type { TrailRow } from "./trail-store.ts";

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
      await settleAll(this.#plan.sinks.map(async (sink) => sink.close?.()));
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
    if (!(await this.#holdTerm())) return;
    await this.trail.seal();
    if (this.#plan.sinks.length > 0) await this.#sendAll();
  }

  /** Claims a term, or a longer one after half of it. Returns false while it is another process's. */
  async #holdTerm(): Promise<boolean> {
    const { clock, sealEvery } = this.#plan;
    const now = clock();
    const term = Math.max(TERM, 4 * sealEvery);
    const left = this.#until - now;
    if (left >= term / 2 && left <= term) return true;
    const isOurs = await this.trail.store.claim(this.#owner, now, now + term);
    // Another process may have sent entries meanwhile.
    if (!isOurs || left < 0) this.#sent = undefined;
    this.#until = isOurs ? now + term : 0;
    return isOurs;
  }

  /** Sends new entries to all sinks, and stores how far they are. */
  async #sendAll(): Promise<void> {
    const { sinks } = this.#plan;
    const state = await this.trail.store.readState();
    const sent = this.#sent ?? sinks.map(() => state.sent);
    this.#sent = sent;
    try {
      await settleAll(sinks.map((sink, index) => this.#send(sink, sent, index)));
    } finally {
      const least = Math.min(...sent);
      if (least > state.sent) await this.trail.store.markSent(least);
    }
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
