import { createClient } from "redis";
import { handWritten } from "./_hand-written.mjs";

/** GET and JSON.parse, by hand: the token is the key, in clear, and nothing is hashed. */

const client = await createClient({ url: process.env.BENCH_DATABASE }).connect();

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () =>
  handWritten({
    async fetch(token) {
      const json = await client.get(`floor:${token}`);
      return json === null ? undefined : JSON.parse(json);
    },
    async store(token, session) {
      await client.set(`floor:${token}`, JSON.stringify(session), { EX: 86_400 });
    },
  });
