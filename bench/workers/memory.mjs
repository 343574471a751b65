import { readTask } from "../child.mjs";
import { bytesInUse } from "../heap.mjs";
import { KEEPERS } from "../keepers.mjs";

/** Measures the memory per session after logins. */

const { keeper: name, sessions, perUser } = readTask();
const keeper = KEEPERS[name]?.();
if (!keeper) throw new Error(`keeper must be one of ${Object.keys(KEEPERS).join(", ")}. Received ${name}.`);

const empty = bytesInUse();
const some = [];
const seldom = Math.ceil(sessions / 100);
for (let count = 0; count < sessions; count++) {
  const userKey = `user-${Math.floor(count / perUser)}`;
  const login = await keeper.login(userKey);
  if (count % seldom === 0) some.push({ login, userKey });
  // Let timers run, as in a server.
  if (count % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
for (const { login, userKey } of some)
  if (!(await keeper.holds(login, userKey))) throw new Error(`${name} lost ${userKey}`);
const full = bytesInUse();
console.log(
  JSON.stringify({
    heap: (full.heap - empty.heap) / sessions,
    outside: (full.outside - empty.outside) / sessions,
  }),
);
process.exit();
