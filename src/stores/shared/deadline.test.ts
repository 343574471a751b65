import { describe, expect, it } from "vitest";
import { Deadline, TIMEOUT } from "./deadline.ts";

describe("Deadline", () => {
  it("rejects with ERR_STORE when an answer takes too long, and otherwise resolves to the answer", async () => {
    const never = new Promise<never>(() => undefined);
    await expect(new Deadline(1_000).within(never)).rejects.toMatchObject({ code: "ERR_STORE", status: 503 });
    await expect(new Deadline(1_000).within(Promise.resolve(7))).resolves.toBe(7);
  });

  it("TIMEOUT accepts a timeout longer than the 24 days that a timer supports", async () => {
    const deadline = new Deadline(TIMEOUT.parse("365d", "timeout"));
    const answer = new Promise((resolve) => setTimeout(resolve, 30, "there"));
    await expect(deadline.within(answer)).resolves.toBe("there");
  });
});
