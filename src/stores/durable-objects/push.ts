import { invalidOption } from "../../options/parsers.ts";
import type { Store } from "../../store.ts";
import {
  addSubscribe,
  Echo,
  type PingedConnection,
  type PushOptions,
  parseHeartbeat,
  withHeartbeat,
} from "../shared/push-channel.ts";
import { decodeHex } from "../shared/push-messages.ts";
import { getHub, HUB_URL, type HubClient, type HubNamespace, type HubStub, isHub } from "./hub.ts";
import { PING, PONG } from "./sessions-hub.ts";

/** The result of `durableObjectPush`, for the option `push` of `durableObjectStore`. */
export interface DurableObjectPush {
  /** Adds `subscribe` to a store. `durableObjectStore` calls it. `publish` makes an object report an empty message. */
  attach(store: Store, publish: () => Promise<unknown>): Store;
}

/**
 * Lets `durableObjectStore` report the sessions that end or change anywhere: the store then has `subscribe`. Takes the binding
 * to the class `SessionsHub`, the same one that the objects have as `SESSIONS_HUB`.
 *
 * Subscribe in a Durable Object, or in a request that lasts as long as the subscription: the platform closes the connections
 * of a request when it ends.
 *
 * Throws `TypeError` for invalid options.
 *
 * @example
 * ```ts
 * import {
 *   durableObjectPush,
 *   durableObjectStore,
 *   type HubNamespace,
 *   type SessionsNamespace,
 * } from "sessionup/stores/durable-objects";
 *
 * interface Env {
 *   readonly SESSIONS: SessionsNamespace<object>;
 *   readonly SESSIONS_HUB: HubNamespace<object>;
 * }
 *
 * export const openStore = (env: Env) =>
 *   durableObjectStore(env.SESSIONS, { push: durableObjectPush(env.SESSIONS_HUB) });
 * ```
 */
export function durableObjectPush<Id>(hub: HubNamespace<Id>, options: PushOptions = {}): DurableObjectPush {
  if (!isHub(hub)) throw invalidOption("hub", "the binding to the class SessionsHub", hub);
  const heartbeat = parseHeartbeat(options, "durableObjectPush");
  return {
    attach: (store, publish) =>
      addSubscribe(
        store,
        withHeartbeat((receive, lose) => {
          const echo = new Echo(publish);
          const hear = (message: string) => {
            echo.arrive();
            receive(message);
          };
          return { ...connect(getHub(hub), hear, lose), probe: () => echo.ask() };
        }, heartbeat),
        decodeHex,
      ),
  };
}

function connect(
  hub: HubStub,
  receive: (message: string) => void,
  lose: (error: unknown) => void,
): Omit<PingedConnection, "probe"> {
  let socket: HubClient | undefined;
  let isClosed = false;
  let answer: () => void = () => undefined;
  const start = async () => {
    const response = await hub.fetch(HUB_URL, { headers: { Upgrade: "websocket" } });
    socket = response.webSocket ?? undefined;
    if (!socket) throw new Error(`The hub answered with status ${response.status}.`);
    socket.addEventListener("message", (event) => {
      const data: unknown = "data" in event ? event.data : undefined;
      if (data === PONG) answer();
      else if (typeof data === "string") receive(data);
    });
    for (const type of ["close", "error"] as const)
      socket.addEventListener(type, () => lose(new Error("The connection to the hub was closed.")));
    socket.accept();
    if (isClosed) socket.close();
  };
  return {
    ready: start(),
    ping: () =>
      new Promise<void>((resolve) => {
        answer = resolve;
        socket?.send(PING);
      }),
    close() {
      isClosed = true;
      socket?.close();
    },
  };
}
