import type { AuditDraft } from "./entry.ts";

const WINDOW = 60_000;

/**
 * Limits the entries `rejected` of a process: clients without a session can cause any number of them. The next entry after the
 * limit was reached tells how many are missing. A request without a cookie makes no entry.
 *
 * @internal
 */
export class Rejections {
  readonly #max: number;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;
  #omitted = 0;

  /** @param max  the number of entries per minute */
  constructor(max: number) {
    this.#max = max;
  }

  /** Returns the entry to record, if any. */
  admit(draft: AuditDraft): AuditDraft | undefined {
    if (draft.reason === "no_cookie") return undefined;
    if (Math.abs(draft.at - this.#since) >= WINDOW) {
      this.#since = draft.at;
      this.#count = 0;
    }
    if (++this.#count > this.#max) {
      this.#omitted++;
      return undefined;
    }
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted === 0 ? draft : { ...draft, details: { omitted } };
  }
}
