import type { Events } from "./events.ts";
import type { Exchange } from "./exchange.ts";
import type { ClientInfo } from "./identity/change.ts";
import { readClient } from "./identity/client.ts";
import type { Resolved } from "./options.ts";

/** Who is asking, as far as the options want to know. @internal */
export function seenClient(
  exchange: Exchange,
  { client, trust, clock }: Resolved<unknown, unknown>,
  events: Events,
): ClientInfo {
  return readClient(exchange, client, trust, (cause) => {
    events.emit("error", { error: new Error("client.parse failed", { cause }), at: clock() });
  });
}
