import { findClientChanges } from "../client-info/compare.ts";
import { toNoSession } from "../lifecycle/auth-result.ts";
import { readRequestClient } from "../lifecycle/client.ts";
import type { Lifecycle } from "../lifecycle/lifecycle.ts";
import {
  type ClientValidationOptions,
  parseClientValidationOptions,
} from "../options/client-validation-options.ts";
import type { ClientValidator } from "../options/client-validator.ts";
import type { SessionId } from "../session.ts";
import { createNetworkMatcher } from "../signed/signer.ts";

export type { ClientValidationOptions } from "../options/client-validation-options.ts";

/** Managers that have reported that `ip` compares nothing. */
const reportedMissingAddress = new WeakSet<Lifecycle>();

/**
 * Returns the manager's option `validate`: whether a session may be used from a client other than the one that logged in.
 *
 * Throws `TypeError` for invalid options. The manager throws `TypeError` if its option `client` does not keep what is
 * compared.
 *
 * @example
 * ```ts
 * import { Manager } from "sessionup";
 * import { clientValidation } from "sessionup/client-validation";
 * import { memoryStore } from "sessionup/stores/memory";
 *
 * const validate = clientValidation({ agent: true, onChange: "report" });
 * const manager = new Manager(memoryStore(), { validate });
 * manager.events.on("client_changed", ({ id, changed }) => console.log(id, changed));
 * ```
 */
export function clientValidation(options: ClientValidationOptions): ClientValidator {
  const compared = parseClientValidationOptions(options);
  const { ip, agent, onChange: action } = compared;
  return Object.freeze({
    ...compared,
    check({ client }) {
      if (ip && !client.ip) throw new TypeError("clientValidation.ip requires client.ip.");
      if (ip === "exact" && client.ip !== true)
        throw new TypeError('clientValidation.ip "exact" requires client.ip: true.');
      if (agent && !client.agent) throw new TypeError("clientValidation.agent requires client.agent.");
    },
    rejectChanged(lifecycle, exchange, { record, data }, held, at) {
      const { options, repository, cookie, events } = lifecycle;
      const { id, userKey } = record;
      const seen = readRequestClient(lifecycle, exchange);
      if (ip && seen.ip === undefined && !reportedMissingAddress.has(lifecycle)) {
        reportedMissingAddress.add(lifecycle);
        const error = new Error(
          "clientValidation.ip compares nothing: the client's address is unknown. Configure the adapter's address or trustProxy.",
        );
        events.emit("error", { error, at });
      }
      const changed = findClientChanges(data, seen, compared, createNetworkMatcher(options.signer));
      if (changed.length === 0) return undefined;
      events.emit("client_changed", { id: id as SessionId, userKey, changed, action, at });
      if (action === "reject") return toNoSession("client_changed", held);
      if (action === "report") return undefined;
      return repository.endById(id, "client_changed", userKey).then(() => {
        cookie.clearIfWritable(exchange);
        return toNoSession("client_changed");
      });
    },
  } satisfies ClientValidator);
}
