import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { loadCommands } from "./commands.ts";
import { findScript, SHELLS } from "./completion-script.ts";

const COMMANDS = await loadCommands();
const script = (shell: string) => findScript(shell)?.(COMMANDS) ?? "";

/** Completes a command line in bash, with the cursor after the last word. */
function complete(...words: readonly string[]): readonly string[] {
  const program = `${script("bash")}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_sessionup; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", program], { encoding: "utf8" }).split("\n").filter(Boolean);
}

describe("completion", () => {
  it("bash completes commands", () => {
    expect(complete("sessionup", "rev")).toEqual(["revoke", "revoke-where"]);
  });

  it("bash completes the flags of the command, also after other flags", () => {
    expect(complete("sessionup", "revoke-where", "--dry")).toEqual(["--dry-run"]);
    expect(complete("sessionup", "list", "--json", "--created-b")).toEqual(["--created-before"]);
  });

  it("bash completes no flag where a value is expected", () => {
    expect(complete("sessionup", "list", "--user", "")).toEqual([]);
  });

  it("bash completes shells", () => {
    expect(complete("sessionup", "completion", "")).toEqual([...SHELLS, "--help", "--version"]);
    expect(complete("sessionup", "audit", "ver")).toEqual(["verify"]);
  });

  it.each(SHELLS.filter((shell) => spawnSync(shell, ["-c", "true"]).status === 0))(
    "%s accepts the script",
    (shell) => {
      const { status, stderr } = spawnSync(shell, ["-n"], { input: script(shell), encoding: "utf8" });
      expect([status, stderr]).toEqual([0, ""]);
    },
  );

  it("every script has every command and every flag", () => {
    for (const shell of SHELLS)
      for (const { name, flags } of COMMANDS)
        for (const word of [name, ...Object.keys(flags)]) expect(script(shell)).toContain(word);
  });
});
