import type { ServerResponse } from "node:http";
import { Manager, type Session, type SessionId } from "sessionup";
import { type NodeContext, nodeSessions } from "sessionup/node";
import { memoryStore } from "sessionup/stores/memory";
import { describe, expectTypeOf, it } from "vitest";
import type { Secret } from "../../src/cookie/token.ts";

const sessions = nodeSessions(new Manager(memoryStore()));

declare const res: ServerResponse;
declare const id: SessionId;
declare const secret: Secret;

describe("the types of the methods", () => {
  it("require and init return a session, and current and get may return undefined", () => {
    expectTypeOf(sessions.require(res)).toEqualTypeOf<Session>();
    expectTypeOf(sessions.current(res)).toEqualTypeOf<Session | undefined>();
    expectTypeOf(sessions.get(res)).resolves.toEqualTypeOf<Session | undefined>();
    expectTypeOf(sessions.init(res, "user-1")).resolves.toEqualTypeOf<Session>();
    expectTypeOf(sessions.fetchAll(res)).resolves.toEqualTypeOf<readonly Session[]>();
  });

  it("a session that may be undefined requires a check", () => {
    // @ts-expect-error there may be no session
    sessions.current(res).userKey;
    sessions.require(res).userKey;
  });

  it("reauthenticate, rotate and revoke return nothing", () => {
    expectTypeOf(sessions.reauthenticate(res)).resolves.toEqualTypeOf<void>();
    expectTypeOf(sessions.rotate(res)).resolves.toEqualTypeOf<void>();
    expectTypeOf(sessions.revoke(res)).resolves.toEqualTypeOf<void>();
  });

  it("the methods that revoke several sessions return their ids", () => {
    expectTypeOf(sessions.revokeOther(res)).resolves.toEqualTypeOf<readonly SessionId[]>();
    expectTypeOf(sessions.revokeAll(res)).resolves.toEqualTypeOf<readonly SessionId[]>();
    expectTypeOf(sessions.revokeOwn(res, "any text")).resolves.toEqualTypeOf<boolean>();
  });

  it("the methods accept only the context of their adapter", () => {
    expectTypeOf(sessions.require).parameter(0).toEqualTypeOf<NodeContext>();
    // @ts-expect-error a request of node:http does not know its response
    sessions.require(res.req);
  });
});

describe("the type of a session", () => {
  it("a session is read-only", () => {
    const session = sessions.require(res);
    // @ts-expect-error read-only
    session.userKey = "user-2";
    // @ts-expect-error read-only
    session.expiresAt = new Date();
  });

  it("a session exposes no secret and no hash", () => {
    expectTypeOf<keyof Session>().toEqualTypeOf<
      | "id"
      | "userKey"
      | "current"
      | "createdAt"
      | "lastSeenAt"
      | "level"
      | "signal"
      | "expiresAt"
      | "kind"
      | "deviceName"
      | "geo"
      | "authenticatedAt"
      | "ip"
      | "agent"
      | "meta"
      | "toJSON"
    >();
    expectTypeOf<keyof ReturnType<Session["toJSON"]>>().toEqualTypeOf<
      | "id"
      | "current"
      | "createdAt"
      | "lastSeenAt"
      | "expiresAt"
      | "kind"
      | "deviceName"
      | "ip"
      | "agent"
      | "geo"
      | "meta"
    >();
  });
});

describe("the types of ids and secrets", () => {
  it("an id and a secret are not assignable to each other", () => {
    takesId(id);
    takesSecret(secret);
    // @ts-expect-error a secret is not an id
    takesId(secret);
    // @ts-expect-error an id is not a secret
    takesSecret(id);
    // @ts-expect-error a plain string is neither
    takesId("text");
    // @ts-expect-error a plain string is neither
    takesSecret("text");
  });

  it("an id is assignable to string", () => {
    expectTypeOf(id).toExtend<string>();
  });
});

declare function takesId(id: SessionId): void;
declare function takesSecret(secret: Secret): void;
