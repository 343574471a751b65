import type { SessionError } from "../errors.ts";

/** A refusal as it goes over the wire. */
export interface ErrorResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** Headers of every JSON answer of ours: it is about one user, at this moment, and no browser may take it for HTML. */
export const JSON_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
});

/** Seconds after which a client may try again when the store did not answer. */
const RETRY_AFTER = "5";

/**
 * What is answered unless the app says otherwise: 401 with the reason, 403, or 503 with Retry-After (RFC 9110 section
 * 10.2.3). Where the user has to prove more, what it is in the words of RFC 9470.
 */
export function toErrorResponse(error: SessionError): ErrorResponse {
  const { status, reason, needed } = error;
  const acr = needed?.level === undefined ? undefined : String(needed.level);
  const wanted = {
    ...(needed?.maxAge !== undefined && { max_age: needed.maxAge }),
    ...(acr !== undefined && { acr_values: acr }),
  };
  const headers = {
    ...JSON_HEADERS,
    ...(status === 503 && { "retry-after": RETRY_AFTER }),
    ...(needed && { "www-authenticate": challengeOf(wanted) }),
  };
  const body = { error: WORD[status] ?? "internal", ...(reason && { reason }), ...wanted };
  return { status, headers, body: JSON.stringify(body) };
}

/**
 * RFC 9470 section 3, but for the scheme. No browser knows "Session", so none opens a dialog of its own, as for "Basic"
 * or "Negotiate"; and "Bearer" would promise that a token in `Authorization` helps.
 */
function challengeOf(wanted: Readonly<Record<string, number | string>>): string {
  const parameters = Object.entries({
    error: "insufficient_user_authentication",
    error_description: "The user has to prove again who they are",
    ...wanted,
  });
  return `Session ${parameters.map(([name, value]) => `${name}="${value}"`).join(", ")}`;
}

const WORD: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  409: "too_many_sessions",
  422: "invalid_meta",
  503: "unavailable",
};
