import { describe, expect, it } from "vitest";
import { Deadline } from "./deadline.ts";

describe("Deadline", () => {
  it("rejects with ERR_STORE what takes longer, and gives what does not", async () => {
    const never = new Promise<never>(() => undefined);
    await expect(new Deadline("1s").within(never)).rejects.toMatchObject({ code: "ERR_STORE", status: 503 });
    await expect(new Deadline("1s").within(Promise.resolve(7))).resolves.toBe(7);
  });

  it("waits for as long as it is told, though timers know no longer time than 24 days", async () => {
    const answer = new Promise((resolve) => setTimeout(resolve, 30, "there"));
    await expect(new Deadline("365d").within(answer)).resolves.toBe("there");
  });
});
