import { channel, hasSubscribers } from "node:diagnostics_channel";

/** A message of the channel `sessionup:live`: a connection was opened (1) or has closed (-1). */
export interface LiveMessage {
  readonly kind: ConnectionKind;
  readonly change: 1 | -1;
}

/** The kinds of connections. `socket` is a connection of `closeWithSession`. */
export type ConnectionKind = "ws" | "socket.io" | "sse" | "socket";

const NAME = "sessionup:live";
const CHANNEL = channel(NAME);

/** Connections whose opening was published. A later subscriber must not receive only their close. */
const published = new WeakSet<object>();

/** Publishes that a connection was opened. Costs nothing without a subscriber. */
export function publishOpened(connection: object, kind: ConnectionKind): void {
  // The channel's own property is a function in workerd.
  if (!hasSubscribers(NAME)) return;
  published.add(connection);
  CHANNEL.publish({ kind, change: 1 });
}

/** Publishes that a connection has closed, if its opening was published. */
export function publishClosed(connection: object, kind: ConnectionKind): void {
  if (published.delete(connection)) CHANNEL.publish({ kind, change: -1 });
}
