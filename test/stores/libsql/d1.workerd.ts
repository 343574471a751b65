/** Runs the libSQL store on D1 inside Cloudflare's runtime. */
import { env } from "cloudflare:workers";
import { libsqlStore } from "sessionup/stores/libsql";
import { storeContract } from "sessionup/testing";
import { beforeAll, describe, expect, it } from "vitest";

describe("libsql × Cloudflare D1", () => {
  beforeAll(async () => {
    await Promise.all([libsqlStore(env.DB).migrate(), libsqlStore(env.DB).migrate()]);
  });
  storeContract({ describe, it }, { create: () => libsqlStore(env.DB) });

  it("libsqlStore rejects cleanupEvery on D1, where no timer would run the cleanup", () => {
    expect(() => libsqlStore(env.DB, { cleanupEvery: "5m" })).toThrow(/^cleanupEvery .* cron trigger/);
    expect(() => libsqlStore(env.DB, { cleanupEvery: false })).not.toThrow();
  });
});
