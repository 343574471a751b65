import { expressSessions } from "../../dist/adapters/express.js";
import { fastifySessions } from "../../dist/adapters/fastify.js";
import { honoSessions } from "../../dist/adapters/hono.js";
import { koaSessions } from "../../dist/adapters/koa.js";
import { nodeSessions } from "../../dist/adapters/node.js";
import { Manager } from "../../dist/index.js";

/**
 * Creates the contenders of every framework over a store, set up as in the README, with the default of every other option.
 *
 * @param {(database: import("./contender.d.ts").Database) => import("../../dist/index.js").Store | Promise<import("../../dist/index.js").Store>} openStore
 * @param {import("../../dist/index.js").ManagerOptions} [options]
 */
export function createContenders(openStore, options = {}) {
  /** Creates a contender for a framework. `toContext` picks the object that the adapter takes as the context. */
  const createContender = (adapter, toContext) => async (database) => {
    const sessions = adapter(new Manager(await openStore(database), options));
    return {
      guard: sessions.auth(),
      userKey: (request, response) => sessions.current(toContext(request, response))?.userKey,
      async login(userKey, request, response) {
        await sessions.init(toContext(request, response), userKey);
      },
      logout: (request, response) => sessions.revoke(toContext(request, response)),
      list: async (request, response) => (await sessions.fetchAll(toContext(request, response))).length,
      revokeOthers: (request, response) => sessions.revokeOther(toContext(request, response)),
    };
  };
  const first = (context) => context;
  const second = (_request, response) => response;
  return {
    node: createContender(nodeSessions, second),
    express: createContender(expressSessions, first),
    fastify: createContender(fastifySessions, second),
    hono: createContender(honoSessions, first),
    koa: createContender(koaSessions, first),
  };
}
