import { readFileSync } from "node:fs";
import { Manager } from "sessionup";
import { expressSessions } from "sessionup/express";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

/** Every exported name in the last version of the Go package and its stores. */
const GO_NAMES = {
  sessionup: `
    Manager NewManager Manager.Defaults Manager.Clone Manager.Init Manager.Public Manager.Auth Manager.FetchAll
    Manager.Revoke Manager.RevokeOther Manager.RevokeAll Manager.RevokeByID Manager.RevokeByIDExt Manager.RevokeByUserKey
    Option CookieName Domain Path Secure HttpOnly SameSite ExpiresIn WithIP WithAgent Validate GenID DefaultGenID Reject
    DefaultReject
    Session Session.Current Session.CreatedAt Session.ExpiresAt Session.ID Session.UserKey Session.IP Session.Agent
    Session.Meta Session.IsValid Meta MetaEntry NewContext FromContext
    ErrUnauthorized ErrNotOwner ErrDuplicateID
    Store Store.Create Store.FetchByID Store.FetchByUserKey Store.DeleteByID Store.DeleteByUserKey`,
  json: "current created_at id ip agent os browser meta",
  stores: `
    memstore.MemStore memstore.New memstore.MemStore.StopCleanup
    redisstore.RedisStore redisstore.New
    pgstore.PgStore pgstore.New pgstore.PgStore.StopCleanup pgstore.PgStore.CleanupErr
    boltstore.BoltStore boltstore.New boltstore.BoltStore.CleanupErr boltstore.BoltStore.Close boltstore.ErrInvalidBucket
    boltstore.ErrInvalidInterval
    sqlitestore.SQLiteStore sqlitestore.New sqlitestore.NewWithCleanup sqlitestore.SQLiteStore.Cleanup
    sqlitestore.SQLiteStore.OnDeletion sqlitestore.ErrInvalidTable sqlitestore.ErrInvalidInterval`,
};

const PAGE = readFileSync(`${ROOT}docs/migrate/go.md`, "utf8");
const ROWS = [...PAGE.matchAll(/^\| (`.+?) \| (.*) \|$/gm)].map(([, go = "", here = ""]) => ({ go, here }));

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}

/** Returns the texts between backticks. */
function codeIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

describe("docs/migrate/go.md", () => {
  it("docs/migrate/go.md has one row for each exported name and no other row", () => {
    const named = ROWS.map(({ go }) => codeIn(go)[0]);
    expect(named.toSorted()).toEqual([...words(GO_NAMES.sessionup), ...words(GO_NAMES.stores)].sort());
  });

  it("docs/migrate/go.md lists every JSON name of a session", () => {
    const json = ROWS.flatMap(({ go }) => codeIn(go).slice(1));
    expect(json.toSorted()).toEqual([...words(GO_NAMES.json)].sort());
  });

  it("docs/migrate/go.md says for each name what replaces it", () => {
    expect(ROWS.filter(({ here }) => here.trim().length < 4)).toEqual([]);
  });

  it("docs/migrate/go.md mentions only methods that exist", () => {
    const manager = new Manager(memoryStore());
    const objects = { manager, sessions: expressSessions(manager) };
    const mentioned = ROWS.flatMap(({ here }) => [...here.matchAll(/\b(manager|sessions)\.(\w+)/g)]);
    expect(mentioned.length).toBeGreaterThan(15);
    const missing = mentioned.filter(([, object, name = ""]) => {
      return !(name in objects[object === "manager" ? "manager" : "sessions"]);
    });
    expect(missing.map(([call]) => call)).toEqual([]);
  });
});
