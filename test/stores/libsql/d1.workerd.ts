/** The libSQL store on D1, inside of Cloudflare's runtime. */
import { env } from "cloudflare:workers";
import { libsqlStore } from "sessionup/stores/libsql";
import { storeContract } from "sessionup/testing";
import { beforeAll, describe, expect, it } from "vitest";

describe("libsql × Cloudflare D1", () => {
  beforeAll(async () => {
    await Promise.all([libsqlStore(env.DB).migrate(), libsqlStore(env.DB).migrate()]);
  });
  storeContract({ describe, it }, { create: () => libsqlStore(env.DB) });

  it("rejects an interval for a cleanup that would never run", () => {
    expect(() => libsqlStore(env.DB, { cleanupEvery: "5m" })).toThrow(/^cleanupEvery .* cron trigger/);
    expect(() => libsqlStore(env.DB, { cleanupEvery: false })).not.toThrow();
  });
});
