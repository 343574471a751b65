/** The client's side of a WebSocket, as the store uses it. */
export interface HubClient {
  accept(): void;
  send(message: string): void;
  close(): void;
  addEventListener(type: "message" | "close" | "error", listener: (event: object) => void): void;
}

/** The method of the hub that the store and the objects call. */
export interface HubStub {
  fetch(
    url: string,
    request: { method?: string; body?: string; headers?: Record<string, string> },
  ): Promise<{ readonly ok: boolean; readonly status: number; readonly webSocket?: HubClient | null }>;
}

/** The methods of the binding to the class `SessionsHub` that the store and the objects call. */
export interface HubNamespace<Id> {
  idFromName(name: string): Id;
  get(id: Id): HubStub;
}

/** The platform requires a complete URL, but the hub ignores it. @internal */
export const HUB_URL = "https://hub.internal/";

/** Returns whether a value is a binding to objects. @internal */
export function isHub(value: unknown): value is HubNamespace<unknown> {
  const hub = value as Partial<HubNamespace<unknown>> | null | undefined;
  return typeof hub?.idFromName === "function" && typeof hub.get === "function";
}

/** Returns a new stub of the hub: after a failure the old one may no longer work. @internal */
export function getHub<Id>(hub: HubNamespace<Id>): HubStub {
  return hub.get(hub.idFromName("hub"));
}

/** Sends messages to the hub, which forwards them. Resolves when it has. @internal */
export async function reportToHub<Id>(hub: HubNamespace<Id>, messages: readonly string[]): Promise<void> {
  const { ok, status } = await getHub(hub).fetch(HUB_URL, { method: "POST", body: JSON.stringify(messages) });
  if (!ok) throw new Error(`The hub answered with status ${status}.`);
}
