import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { Signer, type SigningPurpose } from "./signer.ts";

const [ONE, TWO] = ["1".repeat(32), "2".repeat(32)];
const PURPOSES: readonly SigningPurpose[] = ["address", "device", "dpop", "form", "revocation"];

describe("Signer", () => {
  it("signs with HMAC-SHA-256, and includes the purpose and the name of the cookie", () => {
    const expected = createHmac("sha256", ONE).update("sessionup form sid text").digest("hex");
    expect(new Signer([ONE], "sid").sign("form", "text")).toBe(expected);
  });

  it("signs with the first key, and verifies with every key", () => {
    const [before, after] = [new Signer([ONE], "sid"), new Signer([TWO, ONE], "sid")];
    const signature = before.sign("form", "text");
    expect(after.verifies("form", "text", signature)).toBe(true);
    expect(after.sign("form", "text")).toBe(new Signer([TWO], "sid").sign("form", "text"));
    expect(before.verifies("form", "text", after.sign("form", "text"))).toBe(false);
  });

  it("rejects the signature of a removed key", () => {
    expect(
      new Signer([TWO], "sid").verifies("form", "text", new Signer([ONE], "sid").sign("form", "text")),
    ).toBe(false);
  });

  it("rejects a signature for another purpose, of another manager or of another text", () => {
    const signer = new Signer([ONE], "sid");
    for (const purpose of PURPOSES) {
      const signature = signer.sign(purpose, "text");
      for (const other of PURPOSES) expect(signer.verifies(other, "text", signature)).toBe(other === purpose);
      // Sessions store the signature of a network, which stays valid when the cookie is renamed.
      const elsewhere = new Signer([ONE], "admin").verifies(purpose, "text", signature);
      expect(elsewhere).toBe(purpose === "address");
      expect(signer.verifies(purpose, "texts", signature)).toBe(false);
    }
  });

  it("rejects a signature that is shorter, longer or changed in one digit", () => {
    const signer = new Signer([ONE], "sid");
    const signature = signer.sign("form", "text");
    for (let index = 0; index < signature.length; index++) {
      const changed = signature[index] === "0" ? "1" : "0";
      const wrong = signature.slice(0, index) + changed + signature.slice(index + 1);
      expect(signer.verifies("form", "text", wrong)).toBe(false);
      expect(signer.verifies("form", "text", signature.slice(0, index))).toBe(false);
    }
    expect(signer.verifies("form", "text", `${signature}0`)).toBe(false);
    expect(signer.verifies("form", "text", signature.toUpperCase())).toBe(
      signature === signature.toUpperCase(),
    );
  });

  it("a logged signer shows no key", () => {
    const signer = new Signer([ONE], "sid");
    expect(inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify(signer)).not.toContain(ONE);
  });
});
