import { SessionError } from "../errors.ts";
import type { Attributes, Span } from "./api.ts";

/** `SpanStatusCode.ERROR` of OpenTelemetry. */
const ERROR = 2;

/** Returns the type of an error: its code, or the name of its class. Messages may contain values. @internal */
export function toErrorType(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  for (const type of [code, name]) if (typeof type === "string" && /^\w{1,64}$/.test(type)) return type;
  return "_OTHER";
}

/** Describes an error on a span. A mistake of a client is not a failure of the app. @internal */
export function describeFailure(span: Span, error: unknown): Attributes {
  const type = toErrorType(error);
  const isOurs = SessionError.is(error);
  const isAnswer = isOurs && (error.status < 500 || error.code === "ERR_DUPLICATE_ID");
  if (!isAnswer) {
    span.setStatus({ code: ERROR });
    // The message of another error may contain values.
    span.recordException({ name: type, ...(isOurs && { message: error.message }) });
  }
  return { "error.type": type };
}
