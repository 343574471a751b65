/** A socket that `closeWithSession` can close: a `WebSocket`, or what a framework passes in place of one. */
export interface ClosableSocket {
  close(code: number, reason: string): unknown;
}

/** A socket of ws, or an object that holds one: in `raw` with Hono, in `websocket` with crossws. */
interface SocketOfWs {
  removeAllListeners?(event: "message"): unknown;
  readonly raw?: SocketOfWs | null;
  readonly websocket?: SocketOfWs | null;
}

/**
 * Removes the listeners of messages from a socket of ws. Otherwise messages would arrive until the client completes the close,
 * or for half a minute if it does not. Other servers drop these messages themselves.
 *
 * @internal
 */
export function dropMessages(socket: ClosableSocket): void {
  const { raw, websocket } = socket as SocketOfWs;
  for (const each of [socket as SocketOfWs, raw, websocket])
    if (typeof each?.removeAllListeners === "function") each.removeAllListeners("message");
}
