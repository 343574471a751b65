import type { SessionCookie } from "../cookie/session-cookie.ts";
import { createNextSecret, hashText, type Secret, type Token } from "../cookie/token.ts";
import type { Events } from "../events.ts";
import type { Exchange } from "../exchange.ts";
import type { Resolved } from "../options/options.ts";
import { planActivity } from "../rules/expiry.ts";
import type { RecordData } from "../rules/record.ts";
import {
  addPendingSecret,
  canReceiveSecret,
  confirmPendingSecret,
  isPending,
  isPrefetch,
  isRotationDue,
} from "../rules/rotation.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import type { SessionId } from "../session.ts";
import type { SessionChange } from "../store.ts";
import type { Ledger } from "./repository.ts";

/** What may follow from a request besides knowing who it is. @internal */
export interface RequestUse {
  /** It counts as activity. */
  readonly touch: boolean;
  /** Its response may bring a new secret. */
  readonly rotate: boolean;
}

/** What a request is due to write, and the secret that its response then brings. @internal */
export interface Due {
  readonly change: SessionChange;
  readonly data: RecordData;
  readonly secret: Secret | undefined;
}

/** What a good request writes: that it was there, and the turns of its secret. @internal */
export class Upkeep {
  readonly #ledger: Ledger;
  readonly #cookie: SessionCookie;
  readonly #options: Resolved<unknown, unknown>;
  readonly #events: Events;

  constructor(ledger: Ledger, cookie: SessionCookie, options: Resolved<unknown, unknown>, events: Events) {
    this.#ledger = ledger;
    this.#cookie = cookie;
    this.#options = options;
    this.#events = events;
  }

  /** What is to be written because of this request, and what is to be sent when it has been; mostly nothing. */
  due(
    exchange: Exchange,
    presented: Token,
    { record, data, match }: AcceptedToken,
    now: number,
    { touch, rotate }: RequestUse,
  ): Due | undefined {
    let activity = touch ? planActivity(record, now, this.#options.lifetime) : undefined;
    // Nobody may ever look at what is fetched ahead (NIST SP 800-63B-4 section 5.2).
    if (activity && isPrefetch(purposeOf(exchange))) activity = undefined;
    let next = isPending(match) ? confirmPendingSecret(data, match, now) : data;
    let secret: Secret | undefined;
    const current = match === "current" || next !== data;
    if (rotate && current && isRotationDue(next, record, now, this.#options.rotateEvery)) {
      const purpose = purposeOf(exchange);
      // Where it cannot be sent, it must not be made.
      if (
        canReceiveSecret({ purpose, upgrade: exchange.header("upgrade") }) &&
        exchange.blocked() === undefined
      ) {
        secret = createNextSecret(presented.secret, this.#options.generateSecret);
        next = addPendingSecret(next, hashText(secret), now);
      }
    }
    if (!activity && next === data) return undefined;
    return {
      change: { ...(activity && { activity }), ...(next !== data && { data: next }) },
      data: next,
      secret,
    };
  }

  /** Writes it. Who was not the first to write sends nothing; `undefined` where the session is over. */
  async write(
    exchange: Exchange,
    best: AcceptedToken,
    now: number,
    { change, data, secret }: Due,
  ): Promise<AcceptedToken | undefined> {
    const { record } = best;
    const outcome = await this.#ledger.note(record, change);
    if (outcome === "not_found") return undefined;
    if (outcome === "lost") return best;
    const id = record.id as SessionId;
    if (secret)
      this.#cookie.send(exchange, { id, secret }, now, data.persistent ? record.deadline : undefined);
    if (isPending(best.match))
      this.#events.emit("rotated", { id, userKey: record.userKey, at: now, by: "time" });
    const revision = record.revision + (change.data ? 1 : 0);
    const match = isPending(best.match) ? "current" : best.match;
    return { admitted: true, record: { ...record, ...change.activity, revision, data }, data, match };
  }
}

/**
 * What the headers say about a request that no user has made yet: today's browsers send the first header, older Chromium and
 * Firefox the others, and the router of Next.js, for links in view, one of its own. Browsers prefetch with GET and HEAD only:
 * on other methods the headers mean nothing. Called only when a write is due.
 */
function purposeOf(exchange: Exchange): string | undefined {
  const method = exchange.method();
  if (method !== "GET" && method !== "HEAD") return undefined;
  const said = exchange.header("sec-purpose") ?? exchange.header("purpose") ?? exchange.header("x-moz");
  return said ?? (exchange.header("next-router-prefetch") === undefined ? undefined : "prefetch");
}
