import { createHook } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { Users } from "../../../examples/demo/users.ts";

const password = "correct horse";

describe("the demo's users", () => {
  it("are known by a random id, whatever their name", async () => {
    const [one, other] = [
      await new Users().register("Ann", password),
      await new Users().register("Ann", password),
    ];
    expect(one?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(one?.id).not.toBe(other?.id);
  });

  it("let in who has the password, however name and password are composed", async () => {
    const users = new Users();
    const user = await users.register("Zoë", "crème brûlée");
    expect(await users.check("ZOE\u0308", "cre\u0300me bru\u0302le\u0301e")).toEqual(user);
    expect(await users.check("Zoe", "crème brûlée")).toBeUndefined();
    expect(await users.check("Zoë", "creme brulee")).toBeUndefined();
  });

  it("change their password once for what was read once", async () => {
    const users = new Users();
    await users.register("Ann", password);
    const user = await users.check("Ann", password);
    if (!user) throw new Error("nobody");
    const changes = [users.changePassword(user, "first choice"), users.changePassword(user, "second choice")];
    expect((await Promise.all(changes)).sort()).toEqual([false, true]);
    expect(users.hasSamePassword(user)).toBe(false);
    const logins = ["first choice", "second choice"].map((choice) => users.check("Ann", choice));
    expect((await Promise.all(logins)).filter(Boolean)).toHaveLength(1);
  });

  it("take as long to refuse a name that nobody has", async () => {
    const users = new Users();
    await users.register("Ann", password);
    expect(await derivations(() => users.check("Ann", "wrong horse"))).toBe(1);
    expect(await derivations(() => users.check("Bob", "wrong horse"))).toBe(1);
  });
});

/** How many passwords were hashed: all the rest of a check takes a thousandth of that. */
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
