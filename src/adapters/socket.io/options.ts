import type { SessionError } from "../../errors.ts";
import { type OptionTable, type ParsedOptions, parseBoolean, parseOptions } from "../../options/parsers.ts";
import { rejectOption } from "../shared/reject-option.ts";
import type { SocketIoSocket } from "./socket.ts";

/** The options of `socketIoSessions`. */
export interface SocketIoSessionsOptions {
  /**
   * Whether sockets join a room of their user and a room of their session, to which `userRoom` and `sessionRoom` return the
   * names. Default true. With false, both functions throw.
   */
  readonly rooms?: boolean;
  /**
   * Returns the error that a rejected client receives as `connect_error`, in place of the default one. Only its `message` and
   * its `data` are sent. `error.status` is 401, 403 for a page of another origin, or 503 when the store does not answer.
   */
  readonly reject?: (error: SessionError, socket: SocketIoSocket) => Error | Promise<Error>;
}

const SOCKET_IO = {
  rooms: { parse: parseBoolean, default: true },
  reject: rejectOption<SocketIoSessionsOptions>(),
} as const;

/** The option table, from which `docs/reference/options.md` is generated. @internal */
export const SOCKET_IO_TABLE: OptionTable = SOCKET_IO;

/** Parses the options of `socketIoSessions`. Throws `TypeError`. @internal */
export function parseSocketIoOptions(options: SocketIoSessionsOptions): ParsedOptions<typeof SOCKET_IO> {
  return parseOptions(options, SOCKET_IO, "socketIoSessions");
}
