import type { ClientInfo } from "../client-info/compare.ts";
import { readClient } from "../client-info/read-client.ts";
import type { Exchange } from "../exchange.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Reads what the options keep of a request's client. A labeller that throws is emitted as `error`. @internal */
export function readRequestClient({ options, events }: Lifecycle, exchange: Exchange): ClientInfo {
  return readClient(exchange, options.client, options.trustProxy, (cause) => {
    events.emit("error", { error: new Error("client.parse failed", { cause }), at: options.clock() });
  });
}
