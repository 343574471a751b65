import { getInternals } from "../http/sessions.ts";
import type { LiveSignals } from "../options/live-signals.ts";
import { type LiveOptions, parseLiveOptions } from "./live-options.ts";
import { CLOSE_CODE, getLiveSessions } from "./live-sessions.ts";
import { type ClosableSocket, dropMessages } from "./sockets.ts";
import { toOpenedSession } from "./standing.ts";

export type { LiveSignals } from "../options/live-signals.ts";
export type { LiveOptions } from "./live-options.ts";
export type { ClosableSocket } from "./sockets.ts";

/**
 * Returns the manager's option `live`: sessions then have a `signal`, which is aborted when the session ends, in whichever
 * process. `recheck` also applies to `closeWithSession`, `sessionup/ws` and the other adapters for live connections.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { Manager } from "sessionup";
 * import { expressSessions } from "sessionup/express";
 * import { liveSessions } from "sessionup/live";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = expressSessions(new Manager(memoryStore(), { live: liveSessions() }));
 * const app = express();
 * app.get("/report", sessions.auth(), async (req, res) => {
 *   const { signal } = sessions.require(req);
 *   const report = await fetch("https://reports.example.com/today", { signal });
 *   res.send(await report.text());
 * });
 * ```
 */
export function liveSessions(options: LiveOptions = {}): LiveSignals {
  const { recheck } = parseLiveOptions(options);
  return Object.freeze({
    recheck,
    getSignal: (lifecycle, record) => getLiveSessions(lifecycle).getSignal(record),
  } satisfies LiveSignals);
}

/**
 * Closes a socket with code 4401 and the reason when the session of its handshake ends, or when `rotate` or
 * `reauthenticate` replaces the secret. Call it when the socket opens, with the context of the handshake, on which `auth` or
 * `public` has run, or `get` was awaited. Returns a function to call when the socket closes by itself.
 *
 * On sockets of ws, no further message reaches the listeners. Other servers drop such messages by themselves. If `close`
 * throws, the manager emits `error`.
 *
 * Throws `ERR_UNAUTHORIZED` for a handshake without a session, and `TypeError` where nothing was loaded.
 *
 * @example
 * ```ts
 * import { upgradeWebSocket } from "@hono/node-server";
 * import { Hono } from "hono";
 * import { Manager } from "sessionup";
 * import { honoSessions } from "sessionup/hono";
 * import { closeWithSession } from "sessionup/live";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const sessions = honoSessions(new Manager(memoryStore()));
 * export const app = new Hono().get("/live", sessions.auth(), upgradeWebSocket((c) => {
 *   let stop = () => {};
 *   return {
 *     onOpen: (_event, socket) => { stop = closeWithSession(sessions, c, socket); },
 *     onClose: () => stop(),
 *   };
 * }));
 * ```
 */
export function closeWithSession<Context>(
  sessions: object,
  context: Context,
  socket: ClosableSocket,
): () => void {
  if (typeof socket?.close !== "function")
    throw new TypeError("closeWithSession requires a socket with the method close(code, reason).");
  const { lifecycle, requireLive } = getInternals<Context, unknown, unknown>(sessions);
  return getLiveSessions(lifecycle).watchLoaded({
    opened: toOpenedSession(lifecycle, requireLive(context, "closeWithSession")),
    kind: "socket",
    end(reason) {
      dropMessages(socket);
      return socket.close(CLOSE_CODE, reason);
    },
  });
}
