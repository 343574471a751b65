import { memoryStore } from "../../dist/stores/memory.js";
import { readTask } from "../child.mjs";
import { bytesInUse } from "../heap.mjs";
import { createRecord } from "../records.mjs";

/** Measures the memory that many logins and logouts leave behind in the memory store, beside sessions that stay. */

const STAYING = 10_000;
const { times } = readTask();
const store = memoryStore();
const now = Date.now();
for (let count = 0; count < STAYING; count++)
  await store.create(createRecord(`stays-${count}`, now), { now });

// Warm up: compiled code and the largest size of the tables must not count.
await logInAndOut(Math.max(times / 10, 20_000));
const before = bytesInUse();
await logInAndOut(times);
const after = bytesInUse();
const left = after.heap + after.outside - before.heap - before.outside;
const here = await store.fetchByUserKey("stays-7", { now, limit: 10 });
const gone = await store.fetchByUserKey("comes-7", { now, limit: 10 });
if (here.length !== 1 || gone.length !== 0) throw new Error("the memory store lists the wrong sessions");
console.log(JSON.stringify({ left }));
process.exit();

async function logInAndOut(/** @type {number} */ count) {
  for (let each = 0; each < count; each++) {
    const record = createRecord(`comes-${each % 1_000_000}`, now, "aa");
    await store.create(record, { now });
    const outcome = await store.deleteById(record.id, { reason: "logout", now });
    if (outcome !== "deleted") throw new Error(`a logout returned ${outcome}`);
    if (each % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
