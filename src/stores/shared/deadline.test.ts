import { describe, expect, it } from "vitest";
import { Deadline } from "./deadline.ts";

describe("Deadline", () => {
  it("rejects with ERR_STORE when an answer takes too long, and otherwise resolves to the answer", async () => {
    const never = new Promise<never>(() => undefined);
    await expect(new Deadline("1s").within(never)).rejects.toMatchObject({ code: "ERR_STORE", status: 503 });
    await expect(new Deadline("1s").within(Promise.resolve(7))).resolves.toBe(7);
  });

  it("accepts a timeout longer than the 24 days that a timer supports", async () => {
    const answer = new Promise((resolve) => setTimeout(resolve, 30, "there"));
    await expect(new Deadline("365d").within(answer)).resolves.toBe("there");
  });
});
