import { type HttpSinkOptions, parseHttpOptions } from "./options.ts";
import type { AuditSink } from "./sink.ts";

/** The error of a request that a server rejected. */
class HttpSinkError extends Error {
  /** Whether the same request may succeed later. */
  readonly retry: boolean;

  constructor(status: number) {
    super(`The server of httpSink answered ${status}.`);
    this.name = "HttpSinkError";
    this.retry = status >= 500 || RETRIED.has(status);
  }
}

/** Answers that a wrong or expired credential, a missing route or an overloaded server gives, and that an operator can mend. */
const RETRIED: ReadonlySet<number> = new Set([401, 403, 404, 408, 425, 429]);

/**
 * Sends entries to a server by `POST`, at most 500 in a request. A failed request is repeated, after pauses of half a second to
 * a minute. Entries wait in memory, at most `maxWaiting` of `auditLog`: further ones are lost, and `error` reports it. The
 * server may receive an entry twice, so it must tell entries apart by `chain` and `seq`. Answers such as 400 and 413 drop the
 * entries of the request, and `error` reports it.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { auditLog, httpSink, toOcsf } from "sessionup/audit";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const headers = { authorization: `Bearer ${process.env["SIEM_TOKEN"]}` };
 * const sink = httpSink("https://siem.example.com/ingest", { headers, format: toOcsf });
 * const audit = auditLog(new Manager(memoryStore()), { to: [sink] });
 * ```
 */
export function httpSink(url: string | URL, options: HttpSinkOptions = {}): AuditSink {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new TypeError("url must be the URL of an HTTP server.");
  const { headers, timeout, body, format } = parseHttpOptions(options);
  const isArray = body === "array";
  const type = isArray ? "application/json" : "application/x-ndjson";
  return {
    async write(entries) {
      const shown = entries.map(format);
      const text = isArray
        ? JSON.stringify(shown)
        : shown.map((each) => `${JSON.stringify(each)}\n`).join("");
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": type, ...headers },
        body: text,
        // A redirect would drop the body or carry the credential elsewhere.
        redirect: "manual",
        signal: AbortSignal.timeout(timeout),
      });
      await response.body?.cancel();
      if (!response.ok) throw new HttpSinkError(response.status);
    },
  };
}
