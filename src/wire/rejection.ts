import type { SessionError } from "../errors.ts";

/** A refusal as it goes over the wire. */
export interface Rejection {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** Of whatever we answer ourselves: it is about one user, at this moment. */
export const JSON_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
});

/** Seconds after which a client may try again when the store did not answer. */
const RETRY_AFTER = "5";

/** What is answered unless the app says otherwise: 401 with the reason, 403, or 503 with Retry-After (RFC 9110 section 10.2.3). */
export function rejectionOf(error: SessionError): Rejection {
  const headers = error.status === 503 ? { ...JSON_HEADERS, "retry-after": RETRY_AFTER } : JSON_HEADERS;
  const body = { error: WORD[error.status] ?? "internal", ...(error.reason && { reason: error.reason }) };
  return { status: error.status, headers, body: JSON.stringify(body) };
}

const WORD: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  409: "too_many_sessions",
  422: "invalid_meta",
  503: "unavailable",
};
