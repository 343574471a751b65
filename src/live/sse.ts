import { type AnySessions, type BoundSessions, withContext } from "../http/bound-sessions.ts";
import { getInternals, type Sessions } from "../http/sessions.ts";
import { EVENT_STREAM_CACHE_CONTROL, type EventStream, SessionEventStream } from "./event-stream.ts";
import { type EventStreamOptions, parseEventStreamOptions } from "./event-stream-options.ts";
import { getLiveSessions } from "./live-sessions.ts";
import { toOpenedSession } from "./standing.ts";

export type { EventStream } from "./event-stream.ts";
export type { EventStreamOptions } from "./event-stream-options.ts";
export type { EventStreamTarget } from "./event-stream-target.ts";
export type { ServerEvent } from "./server-event.ts";

/**
 * Creates a stream of server-sent events for a request on which `auth` or `public` has run. With bound sessions, it loads the
 * session itself. Send the stream with `toResponse()` or `pipe(res)`, as the framework needs it.
 *
 * When the session ends, in whichever process, the stream sends the event `session-ended` with `{"reason":…}` and ends. When
 * `rotate` or `reauthenticate` replaces the secret, it ends without that event, and the browser reconnects. An open stream does
 * not count as activity. A HEAD request gets the headers alone.
 *
 * Throws `ERR_UNAUTHORIZED` without a session, and `TypeError` for invalid options and where nothing was loaded.
 *
 * @example
 * ```ts
 * import { EventEmitter, on } from "node:events";
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { eventStream } from "sessionup/sse";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore()));
 * const orders = new EventEmitter();
 * const app = express();
 * app.get("/events", sessions.auth(), (req, res) => {
 *   const stream = eventStream(sessions, req);
 *   const send = (order: object) => stream.send({ event: "order", data: JSON.stringify(order) });
 *   orders.on("order", send);
 *   stream.signal.addEventListener("abort", () => orders.off("order", send));
 *   stream.pipe(res);
 * });
 * ```
 */
export function eventStream<Context, In, Out>(
  sessions: Sessions<Context, In, Out>,
  context: Context,
  options?: EventStreamOptions,
): EventStream;
export function eventStream<In, Out>(
  sessions: BoundSessions<In, Out>,
  options?: EventStreamOptions,
): Promise<EventStream>;
export function eventStream(
  sessions: AnySessions,
  ...args: readonly unknown[]
): EventStream | Promise<EventStream> {
  return withContext(sessions, args[0], (found, context) =>
    openStream(found, context, (found === sessions ? args[1] : args[0]) as EventStreamOptions | undefined),
  );
}

function openStream(sessions: AnySessions, context: unknown, options: EventStreamOptions = {}): EventStream {
  const parsed = parseEventStreamOptions(options);
  const { lifecycle, getState, requireLive } = getInternals<unknown, never, never>(sessions);
  const opened = toOpenedSession(lifecycle, requireLive(context, "eventStream"));
  const { exchange } = getState(context);
  // Also where the response sets a cookie, which must not be cached.
  if (exchange.blocked() === undefined) exchange.setHeader("cache-control", EVENT_STREAM_CACHE_CONTROL);
  const stream = new SessionEventStream({
    ...parsed,
    lastEventId: exchange.header("last-event-id"),
    watch: (end) => getLiveSessions(lifecycle).watchLoaded({ opened, kind: "sse", end }),
  });
  if (exchange.method() === "HEAD") stream.close();
  return stream;
}
