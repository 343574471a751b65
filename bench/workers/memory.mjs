import { taskOf } from "../child.mjs";
import { bytesInUse } from "../heap.mjs";
import { KEEPERS } from "../keepers.mjs";

/** What sessions take that were logged in. */

const { keeper: name, sessions, perUser } = taskOf();
const keeper = KEEPERS[name]?.();
if (!keeper) throw new Error(`nobody is called ${name}`);

const empty = bytesInUse();
const some = [];
const seldom = Math.ceil(sessions / 100);
for (let count = 0; count < sessions; count++) {
  const userKey = `user-${Math.floor(count / perUser)}`;
  const login = await keeper.login(userKey);
  if (count % seldom === 0) some.push({ login, userKey });
  // Timers have their turn, as in a server.
  if (count % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
for (const { login, userKey } of some)
  if (!(await keeper.holds(login, userKey))) throw new Error(`${name} has lost ${userKey}`);
const full = bytesInUse();
console.log(
  JSON.stringify({
    heap: (full.heap - empty.heap) / sessions,
    beside: (full.beside - empty.beside) / sessions,
  }),
);
process.exit();
