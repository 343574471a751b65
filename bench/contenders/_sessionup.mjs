import { nodeSessions } from "../../dist/adapters/node.js";
import { Manager } from "../../dist/index.js";

/**
 * As its README shows it, over that store: every option at its default.
 *
 * @param {import("../../dist/index.js").Store} store
 * @returns {import("./contender.d.ts").Contender}
 */
export function sessionupOn(store) {
  const sessions = nodeSessions(new Manager(store));
  return {
    authenticate: sessions.auth(),
    userKey: (_request, response) => sessions.current(response)?.userKey,
    async login(_request, response, userKey) {
      await sessions.init(response, userKey);
    },
  };
}
