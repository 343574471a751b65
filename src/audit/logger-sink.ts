import { invalidOption } from "../options/parsers.ts";
import type { AuditEntry, AuditKind } from "./entry.ts";
import { type LoggerSinkOptions, parseLoggerOptions } from "./options.ts";
import type { AuditSink } from "./sink.ts";

/** A logger with methods such as `info(object, message)`: pino, bunyan, the loggers of Fastify. */
export type AuditLogger = object;

const MESSAGES: Readonly<Record<AuditKind, string>> = {
  begun: "session began",
  elevated: "user authenticated again",
  rotated: "session got a new secret",
  moved: "session moved to another cookie",
  client_changed: "session used by another client",
  rejected: "request rejected",
  ended: "sessions ended",
  opened: "audit log opened",
  closed: "audit log closed",
  erased: "personal data erased from the audit trail",
  deleted: "old entries deleted from the audit trail",
};

/** Returns an entry in a few words. @internal */
export function toMessage({ kind, reason }: AuditEntry): string {
  return MESSAGES[kind] + (reason === undefined ? "" : `: ${reason}`);
}

/**
 * Passes each entry to a logger, as `logger.info({ audit: entry }, message)`. Works with pino and every logger whose methods take
 * an object and a message.
 *
 * Throws `TypeError` for invalid options, and for a logger without the method.
 *
 * @example
 * ```ts
 * import Fastify from "fastify";
 * import { Manager } from "sessionup";
 * import { auditLog, loggerSink } from "sessionup/audit";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const app = Fastify({ logger: true });
 * const audit = auditLog(new Manager(memoryStore()), { to: [loggerSink(app.log)] });
 * ```
 */
export function loggerSink(logger: AuditLogger, options: LoggerSinkOptions = {}): AuditSink {
  const { level, format } = parseLoggerOptions(options);
  const methods = logger as Readonly<Record<string, (object: object, message: string) => void>> | null;
  if (typeof methods?.[level] !== "function")
    throw invalidOption("logger", `an object with the method ${level}`, logger);
  return {
    write(entries) {
      for (const entry of entries) methods[level]?.({ audit: format(entry) }, toMessage(entry));
    },
  };
}
