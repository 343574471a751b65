/** The libSQL store on D1, inside of Cloudflare's runtime. */
import { env } from "cloudflare:workers";
import { libsqlStore } from "sessionup/stores/libsql";
import { storeContract } from "sessionup/testing";
import { beforeAll, describe, it } from "vitest";

describe("libsql × Cloudflare D1", () => {
  beforeAll(async () => {
    await Promise.all([libsqlStore(env.DB).migrate(), libsqlStore(env.DB).migrate()]);
  });
  storeContract({ describe, it }, { create: () => libsqlStore(env.DB) });
});
