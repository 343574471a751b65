import type { ClientInfo } from "../client-info/compare.ts";
import { readClient } from "../client-info/read-client.ts";
import type { Events } from "../events.ts";
import type { Exchange } from "../exchange.ts";
import type { Resolved } from "../options/options.ts";

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
