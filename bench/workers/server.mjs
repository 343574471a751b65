import { createServer } from "node:http";
import { answerParent } from "../rounds.mjs";
import { inProcess } from "./_in-process.mjs";

/** A worker that serves one contender on one framework and reports its CPU time in microseconds. */

const [framework = "", name, kind, url] = process.argv.slice(2);
const contender = await (await import(`../contenders/${name}.mjs`))[framework]({ kind, url });
const listener = await (await import(`../frameworks/${framework}.mjs`)).createListener(contender);

const server = createServer(listener);
// The server must not close connections between two bursts.
server.keepAliveTimeout = 0;
await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));

answerParent({
  port: () => server.address()?.port,
  facts: () => ({
    stateless: contender.stateless === true,
    logsOut: contender.logout !== undefined,
    lists: contender.list !== undefined,
  }),
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  ...inProcess(listener),
});
