import { type ClientInfo, findClientChanges } from "../client-info/compare.ts";
import { readClient } from "../client-info/read-client.ts";
import type { Exchange } from "../exchange.ts";
import type { AcceptedToken } from "../rules/verify-token.ts";
import type { SessionId } from "../session.ts";
import { createNetworkMatcher } from "../signed/signer.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Reads what the options keep of a request's client. A labeller that throws is emitted as `error`. @internal */
export function readRequestClient({ options, events }: Lifecycle, exchange: Exchange): ClientInfo {
  return readClient(exchange, options.client, options.trust, (cause) => {
    events.emit("error", { error: new Error("client.parse failed", { cause }), at: options.clock() });
  });
}

/** Managers that have reported that `validate.ip` compares nothing. */
const reportedMissingAddress = new WeakSet<Lifecycle>();

/** Applies `validate`. Returns how it rejects the client, or `undefined` if it does not. @internal */
export async function rejectChangedClient(
  lifecycle: Lifecycle,
  exchange: Exchange,
  { record, data }: AcceptedToken,
  at: number,
): Promise<"refuse" | "end" | undefined> {
  const { options, repository, cookie, events } = lifecycle;
  const { validate, signer } = options;
  if (!validate) return undefined;
  const seen = readRequestClient(lifecycle, exchange);
  if (validate.ip && seen.ip === undefined && !reportedMissingAddress.has(lifecycle)) {
    reportedMissingAddress.add(lifecycle);
    const error = new Error(
      "validate.ip compares nothing: the client's address is unknown. Configure the adapter's address or trustProxy.",
    );
    events.emit("error", { error, at });
  }
  const changed = findClientChanges(data, seen, validate, createNetworkMatcher(signer));
  if (changed.length === 0) return undefined;
  const action = validate.onChange;
  events.emit("client_changed", { id: record.id as SessionId, userKey: record.userKey, changed, action, at });
  if (action === "report") return undefined;
  if (action === "end") {
    await repository.endById(record.id, "client_changed", record.userKey);
    cookie.clearIfWritable(exchange);
  }
  return action;
}
