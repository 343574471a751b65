import { expressSessions } from "../../dist/adapters/express.js";
import { nodeSessions } from "../../dist/adapters/node.js";
import { Manager } from "../../dist/index.js";
import { memoryStore } from "../../dist/stores/memory.js";

/**
 * As its README shows it: every option at its default.
 *
 * @type {import("./contender.d.ts").MakeContender}
 */
export const node = () => {
  const sessions = nodeSessions(new Manager(memoryStore()));
  return {
    authenticate: sessions.auth(),
    userKey: (_request, response) => sessions.current(response)?.userKey,
    async login(_request, response, userKey) {
      await sessions.init(response, userKey);
    },
  };
};

/** @type {import("./contender.d.ts").MakeContender} */
export const express = () => {
  const sessions = expressSessions(new Manager(memoryStore()));
  return {
    authenticate: sessions.auth(),
    userKey: (request) => sessions.current(request)?.userKey,
    async login(request, _response, userKey) {
      await sessions.init(request, userKey);
    },
  };
};
