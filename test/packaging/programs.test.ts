import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noDebian, PrivateDebian } from "./_private-debian.ts";

const WAITING = "waiting for another installation to end";

describe.skipIf(noDebian)(`installPackage${noDebian ? ` (skipped: ${noDebian})` : ""}`, () => {
  let debian: PrivateDebian;
  beforeEach(async () => {
    debian = await PrivateDebian.make();
  });
  afterEach(() => debian.remove());

  it.each([
    { lock: "the package lists", script: "APT::Update::Pre-Invoke", args: ["update"] },
    { lock: "dpkg's database", script: "DPkg::Pre-Invoke", args: ["install", "-y", "hello-sessions"] },
  ])(
    "installPackage waits in two processes while another apt-get holds the lock of $lock",
    async ({ script, args }) => {
      // `apt-get install` needs the package lists.
      await debian.aptGet("Acquire::Retries=0", "update").ended;
      const other = debian.aptGet(`${script}::=echo held; read line`, ...args);
      await expect.poll(other.output).toContain("held");
      const both = [debian.install(), debian.install()];
      for (const { output } of both) await expect.poll(output).toContain(WAITING);
      expect(debian.isInstalled()).toBe(false);
      other.release();
      expect(await Promise.all([other, ...both].map(({ ended }) => ended))).toEqual([0, 0, 0]);
      expect(debian.isInstalled()).toBe(true);
    },
  );

  it("installPackage fails immediately with the message of apt-get when no lock is held", async () => {
    const missing = debian.install("no-such-package");
    expect(await missing.ended).toBe(1);
    expect(missing.output()).toContain(
      "no-such-package is missing, and apt-get install failed:\nE: Unable to locate package no-such-package",
    );
    expect(missing.output()).not.toContain(WAITING);
  });
});
