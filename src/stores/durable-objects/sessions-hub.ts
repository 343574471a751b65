/** The server's side of a WebSocket, as the hub uses it. */
export interface HubSocket {
  send(message: string): void;
  close(code?: number, reason?: string): void;
}

/** The part of the platform's state that the hub uses. */
export interface HubState {
  acceptWebSocket(socket: HubSocket): void;
  getWebSockets(): readonly HubSocket[];
  setWebSocketAutoResponse(pair: unknown): void;
}

declare const WebSocketPair: new () => { readonly 0: HubSocket; readonly 1: HubSocket };
declare const WebSocketRequestResponsePair: new (request: string, response: string) => unknown;

/** The message with which a subscriber asks whether the hub still answers, and the answer. */
export const PING = "ping";
export const PONG = "pong";

/**
 * The class of the Durable Object that forwards events: each `SessionsObject` reports to it, and subscribers connect to it by
 * WebSocket. Export it from the Worker's main module, and bind it as `SESSIONS_HUB`. It stores nothing, and the platform
 * removes it from memory while there are no events.
 *
 * @example
 * ```ts
 * export { SessionsHub, SessionsObject } from "sessionup/stores/durable-objects";
 * ```
 */
export class SessionsHub {
  readonly #state: HubState;

  constructor(state: HubState) {
    this.#state = state;
    // The platform answers without starting the object.
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
  }

  /** Accepts a subscriber, or forwards messages to all subscribers. Only Workers with a binding to the hub can call it. */
  async fetch(request: {
    readonly headers: { get(name: string): string | null };
    json(): Promise<unknown>;
  }): Promise<Response> {
    if (request.headers.get("upgrade") === "websocket") {
      const { 0: client, 1: server } = new WebSocketPair();
      this.#state.acceptWebSocket(server);
      const answer: object = { status: 101, webSocket: client };
      return new Response(null, answer);
    }
    this.#forward((await request.json()) as readonly string[]);
    return new Response(null, { status: 204 });
  }

  webSocketMessage(): void {
    // Subscribers send only pings, which the platform answers.
  }

  /** Answers the close of a subscriber. The platform calls it. */
  webSocketClose(socket: HubSocket): void {
    socket.close();
  }

  #forward(messages: readonly string[]): void {
    for (const socket of this.#state.getWebSockets()) {
      try {
        for (const message of messages) socket.send(message);
      } catch {
        // The subscriber must not miss a message without noticing.
        socket.close(1011, "A message could not be sent.");
      }
    }
  }
}
