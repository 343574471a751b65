import type { Fence } from "./_fences.ts";

const SHELLS = ["sh", "bash", "shell", "console", ""];
/** What npm can do by itself. */
const OWN = ["ci", "install", "i", "pack", "audit", "version", "publish"];

/** The scripts of package.json that the shell commands of a document call. */
export function scriptsCalled(fences: readonly Fence[]): readonly string[] {
  return fences
    .filter(({ language }) => SHELLS.includes(language))
    .flatMap(({ code }) => code.split(/\n|&&|\|\||[;|]/))
    .flatMap((command) => scriptOf(command) ?? []);
}

function scriptOf(command: string): string | undefined {
  const words = command
    .replace(/(^|\s)#.*/, "")
    .trim()
    .split(/\s+/);
  // A prompt, and variables that are set for the command alone.
  while (words[0] === "$" || /^\w+=/.test(words[0] ?? "")) words.shift();
  const [program, verb = "", name = ""] = words;
  if (program !== "npm" || OWN.includes(verb)) return undefined;
  return verb === "run" || verb === "run-script" ? name : verb === "t" ? "test" : verb;
}
