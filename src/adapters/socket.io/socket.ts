import type { IncomingHttpHeaders } from "node:http";

/** The Engine.IO connection of a client, as far as it is used here. It carries the client's sockets on all namespaces. */
export interface SocketIoConnection {
  readonly readyState: string;
  close(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A socket of Socket.IO 4 on the server, as far as it is used here. */
export interface SocketIoSocket {
  readonly handshake: {
    readonly headers: IncomingHttpHeaders;
    readonly address: string;
    readonly secure: boolean;
  };
  readonly conn: SocketIoConnection;
  readonly client: object;
  readonly nsp: { readonly adapter: object; readonly server: object };
  readonly recovered?: boolean;
  readonly data: unknown;
  join(rooms: string | string[]): Promise<void> | void;
}

/** A connected socket, as far as the end of its session needs it. */
interface ConnectedSocket {
  emit(event: string, reason: string): unknown;
  disconnect(): unknown;
}

/**
 * Returns the connected sockets of a client on all namespaces. The types declare the map as private, and no public property
 * leads from a connection to its sockets.
 */
export function getSockets({ client }: SocketIoSocket): readonly ConnectedSocket[] {
  const { sockets } = client as { readonly sockets?: ReadonlyMap<string, ConnectedSocket> };
  return [...(sockets?.values() ?? [])];
}
