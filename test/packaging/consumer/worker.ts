// A worker, compiled with the types of the browser and without the types of Node.
import { Manager } from "sessionup";
import { fetchSessions } from "sessionup/fetch";
import { memoryStore } from "sessionup/stores/memory";
import { adapterContract, storeContract } from "sessionup/testing";

const sessions = fetchSessions(new Manager(memoryStore()));

export const contracts = [adapterContract, storeContract];
export default {
  fetch: sessions.public(async (context) => {
    const session = sessions.current(context) ?? (await sessions.init(context, crypto.randomUUID()));
    return Response.json(session);
  }),
};
