import { RETIRED_GRACE } from "../../rules/rotation.ts";
import { getSockets, type SocketIoConnection, type SocketIoSocket } from "./socket.ts";

/** When connections were opened, in milliseconds since 1970. All managers share it. */
const openedAt = new WeakMap<SocketIoConnection, number>();
const observed = new WeakSet<object>();

/** The Engine.IO server, which emits its connections. */
interface Engine {
  on(event: "connection", listener: (conn: SocketIoConnection) => void): unknown;
}

/**
 * Whether the cookie of the connection's handshake can still count. A client may open a namespace hours later, when the cookie
 * has been rotated. Its secret would then look stolen, and the session would end.
 */
export function isHandshakeRecent(socket: SocketIoSocket, clock: () => number): boolean {
  const { nsp, conn } = socket;
  const { engine } = nsp.server as { readonly engine?: Engine };
  if (engine && !observed.has(engine)) {
    observed.add(engine);
    engine.on("connection", (opened) => void openedAt.set(opened, clock()));
  }
  // Socket.IO soon closes a connection without sockets, so this one is new.
  if (!openedAt.has(conn) && getSockets(socket).length === 0) openedAt.set(conn, clock());
  const at = openedAt.get(conn);
  return at !== undefined && clock() - at < RETIRED_GRACE;
}
