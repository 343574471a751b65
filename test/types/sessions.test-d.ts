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

describe("the verbs", () => {
  it("give a session that is there, or may be", () => {
    expectTypeOf(sessions.require(res)).toEqualTypeOf<Session>();
    expectTypeOf(sessions.current(res)).toEqualTypeOf<Session | undefined>();
    expectTypeOf(sessions.get(res)).resolves.toEqualTypeOf<Session | undefined>();
    expectTypeOf(sessions.init(res, "user-1")).resolves.toEqualTypeOf<Session>();
    expectTypeOf(sessions.fetchAll(res)).resolves.toEqualTypeOf<readonly Session[]>();
  });

  it("need a look before a session that may not be there is used", () => {
    // @ts-expect-error there may be none
    sessions.current(res).userKey;
    sessions.require(res).userKey;
  });

  it("answer nothing where an answer would be taken for a question's", () => {
    expectTypeOf(sessions.reauthenticate(res)).resolves.toEqualTypeOf<void>();
    expectTypeOf(sessions.rotate(res)).resolves.toEqualTypeOf<void>();
    expectTypeOf(sessions.revoke(res)).resolves.toEqualTypeOf<void>();
  });

  it("give the ids of what ended", () => {
    expectTypeOf(sessions.revokeOther(res)).resolves.toEqualTypeOf<readonly SessionId[]>();
    expectTypeOf(sessions.revokeAll(res)).resolves.toEqualTypeOf<readonly SessionId[]>();
    expectTypeOf(sessions.revokeOwn(res, "any text")).resolves.toEqualTypeOf<boolean>();
  });

  it("take the context of their adapter alone", () => {
    expectTypeOf(sessions.require).parameter(0).toEqualTypeOf<NodeContext>();
    // @ts-expect-error a request of node:http does not know its response
    sessions.require(res.req);
  });
});

describe("a session", () => {
  it("is not for writing", () => {
    const session = sessions.require(res);
    // @ts-expect-error read-only
    session.userKey = "user-2";
    // @ts-expect-error read-only
    session.expiresAt = new Date();
  });

  it("has no secret and no hash to show", () => {
    expectTypeOf<keyof Session>().toEqualTypeOf<
      | "id"
      | "userKey"
      | "current"
      | "createdAt"
      | "lastSeenAt"
      | "level"
      | "expiresAt"
      | "geo"
      | "authenticatedAt"
      | "ip"
      | "agent"
      | "meta"
      | "toJSON"
    >();
    expectTypeOf<keyof ReturnType<Session["toJSON"]>>().toEqualTypeOf<
      "id" | "current" | "createdAt" | "lastSeenAt" | "expiresAt" | "ip" | "agent" | "geo" | "meta"
    >();
  });
});

describe("an id and a secret", () => {
  it("do not mix", () => {
    takesId(id);
    takesSecret(secret);
    // @ts-expect-error a secret is no id
    takesId(secret);
    // @ts-expect-error an id is no secret
    takesSecret(id);
    // @ts-expect-error any text is neither
    takesId("text");
    // @ts-expect-error any text is neither
    takesSecret("text");
  });

  it("are text for those who print them", () => {
    expectTypeOf(id).toExtend<string>();
  });
});

declare function takesId(id: SessionId): void;
declare function takesSecret(secret: Secret): void;
