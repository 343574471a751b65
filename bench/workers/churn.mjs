import { memoryStore } from "../../dist/stores/memory.js";
import { taskOf } from "../child.mjs";
import { bytesInUse } from "../heap.mjs";
import { recordOf } from "../records.mjs";

/** What very many logins and logouts leave behind in the memory store, besides those who stay. */

const STAYING = 10_000;
const { times } = taskOf();
const store = memoryStore();
const now = Date.now();
for (let count = 0; count < STAYING; count++) await store.create(recordOf(`stays-${count}`, now), { now });

// The compiled code, and the most that tables grow by it, are there before it is counted.
await comeAndGo(Math.max(times / 10, 20_000));
const before = bytesInUse();
await comeAndGo(times);
const after = bytesInUse();
const left = after.heap + after.beside - before.heap - before.beside;
const here = await store.fetchByUserKey("stays-7", { now, limit: 10 });
const gone = await store.fetchByUserKey("comes-7", { now, limit: 10 });
if (here.length !== 1 || gone.length !== 0) throw new Error("somebody else is there than should be");
console.log(JSON.stringify({ left }));
process.exit();

async function comeAndGo(/** @type {number} */ count) {
  for (let each = 0; each < count; each++) {
    const record = recordOf(`comes-${each % 1_000_000}`, now, "aa");
    await store.create(record, { now });
    const outcome = await store.deleteById(record.id, { reason: "logout", now });
    if (outcome !== "deleted") throw new Error(`a logout was answered ${outcome}`);
    if (each % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
