import { randomBytes } from "node:crypto";
import { SessionError } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { MEMORY_SKIPS } from "../../contract/skips.ts";
import { storeSuite } from "../../contract/suite.ts";

const MAX_RECORDS = 20_000;
// Only this object has the sessions, so every "client" is the same store.
const store = memoryStore({ maxRecords: MAX_RECORDS });

/** Returns the free capacity by filling the store, which does not report its size. */
async function free(): Promise<number> {
  const now = Date.UTC(2026, 0, 1, 12);
  const userKey = randomBytes(8).toString("hex");
  const times = { lastSeenAt: now, expiresAt: now + 86_400_000, deadline: now + 86_400_000 };
  for (let count = 0; ; count++) {
    const record = {
      id: `${userKey}${count}`,
      userKey,
      revision: 0,
      createdAt: now + count,
      ...times,
      data: { v: 1 },
    };
    const refused = await store.create(record, { now }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refused === undefined) continue;
    if (!SessionError.is(refused) || refused.code !== "ERR_STORE") throw refused;
    await store.deleteByUserKey(userKey, { reason: "revoked", now });
    return count;
  }
}

storeSuite({
  store: "memory",
  client: "one process",
  subscribes: true,
  skip: [MEMORY_SKIPS],
  start: async () => undefined,
  stop: async () => store.close?.(),
  open: async () => ({ store, close: async () => undefined }),
  left: async () => MAX_RECORDS - (await free()),
});
