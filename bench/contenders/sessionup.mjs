import { expressSessions } from "../../dist/adapters/express.js";
import { Manager } from "../../dist/index.js";
import { memoryStore } from "../../dist/stores/memory.js";
import { sessionupOn } from "./_sessionup.mjs";

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () => sessionupOn(memoryStore());

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
