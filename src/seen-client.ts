import type { Events } from "./events.ts";
import type { Exchange } from "./exchange.ts";
import type { Client } from "./identity/change.ts";
import { clientOf } from "./identity/client.ts";
import type { Resolved } from "./options.ts";

/** Who is asking, as far as the options want to know. @internal */
export function seenClient(
  exchange: Exchange,
  { client, trust, clock }: Resolved<unknown, unknown>,
  events: Events,
): Client {
  return clientOf(exchange, client, trust, (cause) => {
    events.emit("error", { error: new Error("client.parse failed", { cause }), at: clock() });
  });
}
