import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { APPS, serve } from "./apps.ts";
import { type Sdk, startSdk } from "./sdk.ts";

let sdk: Sdk;
beforeAll(async () => {
  sdk = await startSdk();
}, 600_000);
afterEach(() => sdk.reset());

describe.each(Object.entries(APPS))("spans of the requests of an app: %s", (_name, app) => {
  const open = async () => {
    const manager = new Manager(memoryStore(), { telemetry: sdk.telemetry });
    const client = await serve(sdk, await app(manager));
    const treeOf = async (method: "get" | "post", path: string) => {
      sdk.reset();
      const { status } = await client[method](path);
      expect(status).toBeLessThan(300);
      // The span of the request may end after its response.
      await expect.poll(() => sdk.tree()).toContain("request");
      return sdk.tree();
    };
    return { manager, client, treeOf };
  };

  it("a login is a span with the insertion below it", async () => {
    const { treeOf } = await open();
    expect(await treeOf("post", "/login")).toEqual([
      "request",
      "  sessionup.authenticate",
      "  sessionup.init",
      "    sessionup.store.create",
    ]);
  });

  it("a request behind two guards is authenticated in one span, with one read", async () => {
    const { treeOf } = await open();
    await treeOf("post", "/login");
    expect(await treeOf("get", "/me")).toEqual([
      "request",
      "  sessionup.authenticate",
      "    sessionup.store.fetch_by_id",
    ]);
  });

  it("a logout is a span with the deletion below it", async () => {
    const { treeOf } = await open();
    await treeOf("post", "/login");
    expect(await treeOf("post", "/logout")).toEqual([
      "request",
      "  sessionup.authenticate",
      "    sessionup.store.fetch_by_id",
      "  sessionup.revoke",
      "    sessionup.store.delete_by_id",
    ]);
  });

  it("a re-authentication is one span, although it rotates", async () => {
    const { treeOf } = await open();
    await treeOf("post", "/login");
    expect((await treeOf("post", "/reauthenticate")).slice(-2)).toEqual([
      "  sessionup.reauthenticate",
      "    sessionup.store.update",
    ]);
  });

  it("the ready-made routes have the spans of the methods", async () => {
    const { treeOf } = await open();
    await treeOf("post", "/login");
    expect(await treeOf("get", "/account/sessions")).toEqual([
      "request",
      "  sessionup.authenticate",
      "    sessionup.store.fetch_by_id",
      "  sessionup.fetch_all",
      "    sessionup.store.fetch_by_user_key",
    ]);
  });
});
