import type { Fence } from "./_fences.ts";

const SHELLS = ["sh", "bash", "shell", "console", ""];
/** npm commands that are not scripts of package.json. */
const BUILT_IN = ["ci", "install", "i", "pack", "audit", "version", "publish", "init", "pkg"];

/** Returns the scripts of package.json that the shell commands of a document call. */
export function listScripts(fences: readonly Fence[]): readonly string[] {
  return fences
    .filter(({ language }) => SHELLS.includes(language))
    .flatMap(({ code }) => code.split(/\n|&&|\|\||[;|]/))
    .flatMap((command) => parseScript(command) ?? []);
}

function parseScript(command: string): string | undefined {
  const words = command
    .replace(/(^|\s)#.*/, "")
    .trim()
    .split(/\s+/);
  // Skip the prompt and the variables that are set for the command.
  while (words[0] === "$" || /^\w+=/.test(words[0] ?? "")) words.shift();
  const [program, action = "", name = ""] = words;
  if (program !== "npm" || BUILT_IN.includes(action)) return undefined;
  return action === "run" || action === "run-script" ? name : action === "t" ? "test" : action;
}
