import { createHook } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { Users } from "../../../examples/demo/users.ts";

const password = "correct horse";

describe("the demo's users", () => {
  it("a user's id is random and independent of the name", async () => {
    const [one, other] = [
      await new Users().register("Ann", password),
      await new Users().register("Ann", password),
    ];
    expect(one?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(one?.id).not.toBe(other?.id);
  });

  it("check accepts the correct password in any Unicode composition", async () => {
    const users = new Users();
    const user = await users.register("Zoë", "crème brûlée");
    expect(await users.check("ZOE\u0308", "cre\u0300me bru\u0302le\u0301e")).toEqual(user);
    expect(await users.check("Zoe", "crème brûlée")).toBeUndefined();
    expect(await users.check("Zoë", "creme brulee")).toBeUndefined();
  });

  it("changePassword succeeds once for a user that was read once", async () => {
    const users = new Users();
    await users.register("Ann", password);
    const user = await users.check("Ann", password);
    if (!user) throw new Error("The user is missing.");
    const changes = [users.changePassword(user, "first choice"), users.changePassword(user, "second choice")];
    expect((await Promise.all(changes)).sort()).toEqual([false, true]);
    expect(users.hasSamePassword(user)).toBe(false);
    const logins = ["first choice", "second choice"].map((choice) => users.check("Ann", choice));
    expect((await Promise.all(logins)).filter(Boolean)).toHaveLength(1);
  });

  it("check hashes a password for an unknown name too, so that it takes the same time", async () => {
    const users = new Users();
    await users.register("Ann", password);
    expect(await derivations(() => users.check("Ann", "wrong horse"))).toBe(1);
    expect(await derivations(() => users.check("Bob", "wrong horse"))).toBe(1);
  });
});

/** Counts password hashes. The other steps of a check take a thousandth of that time. */
async function derivations(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === "SCRYPTREQUEST") count++;
    },
  }).enable();
  try {
    await work();
  } finally {
    hook.disable();
  }
  return count;
}
