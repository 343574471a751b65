import type { SocketIoSocket } from "./socket.ts";

/** No cookie name contains a colon, so the parts of a room's name cannot run into one another. */
const PREFIX = "sessionup:";

/** The names of the rooms of one manager. Managers of one app have cookies of different names. */
export class RoomNames {
  readonly #prefix: string;

  constructor(cookie: string) {
    this.#prefix = `${PREFIX}${cookie}:`;
  }

  toUserRoom(userKey: string): string {
    return `${this.#prefix}user:${userKey}`;
  }

  toSessionRoom(id: string): string {
    return `${this.#prefix}session:${id}`;
  }
}

/** The rooms with such a name that a socket may join. */
const granted = new WeakMap<SocketIoSocket, Set<string>>();

/**
 * Joins the rooms of the socket's session. From then on the socket can join no other room with such a name: apps join rooms that
 * a client names, and a client can send the name of another user's room.
 */
export async function joinOwnRooms(socket: SocketIoSocket, rooms: string[]): Promise<void> {
  let own = granted.get(socket);
  if (!own) {
    own = new Set();
    granted.set(socket, own);
    restrictJoin(socket, own);
  }
  for (const room of rooms) own.add(room);
  await socket.join(rooms);
}

function restrictJoin(socket: SocketIoSocket, own: ReadonlySet<string>): void {
  const { join } = socket;
  const isAllowed = (room: unknown) => typeof room !== "string" || !room.startsWith(PREFIX) || own.has(room);
  socket.join = (rooms) => join.call(socket, [rooms].flat().filter(isAllowed));
}
