import { channel } from "node:diagnostics_channel";

/** A message of the channel `sessionup:live`: a connection was opened (1) or has closed (-1). */
export interface LiveMessage {
  readonly kind: ConnectionKind;
  readonly change: 1 | -1;
}

/** The kinds of connections. `socket` is a connection of `closeWithSession`. */
export type ConnectionKind = "ws" | "socket.io" | "sse" | "socket";

/** The channel of open connections. */
export const LIVE_CHANNEL: ReturnType<typeof channel> = channel("sessionup:live");
