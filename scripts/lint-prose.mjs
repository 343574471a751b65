// Reports phrases that are not idiomatic English, in comments, strings and Markdown: `npm run lint`, or with paths
// for these files alone. scripts/prose.json has the phrases with advice, and the files that are still pending.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseSync, Visitor } from "oxc-parser";

const config = JSON.parse(readFileSync(new URL("prose.json", import.meta.url), "utf8"));
const [include, exclude] = [new RegExp(config.include), new RegExp(config.exclude)];
// Nothing is pending when the expression is empty.
const pending = new RegExp(config.pending || "(?!)");
// A phrase may continue on the next line of a comment. A phrase with a capital letter is case-sensitive.
const rules = Object.entries(config.banned).map(([phrase, advice]) => ({
  pattern: new RegExp(
    `(?<![\\w-])(?:${phrase.replaceAll(" ", "[\\s*/#]+")})(?![\\w-])`,
    /[A-Z]/.test(phrase) ? "g" : "gi",
  ),
  advice,
}));

/** Replaces code by NUL characters, so that prose keeps its place. In source files, comments and strings are prose. */
function extractProse(file, text) {
  if (file.endsWith(".md"))
    return text.replace(/^ *```.*?^ *```|`[^`\n]+`/gms, (code) => code.replace(/\S/g, "\0"));
  if (!/\.[cm]?[jt]sx?$/.test(file)) return text;
  const { program, comments } = parseSync(file, text);
  const kept = [...comments];
  const keep = (node) => void kept.push(node);
  new Visitor({
    Literal: (node) => typeof node.value === "string" && keep(node),
    TemplateElement: keep,
    JSXText: keep,
  }).visit(program);
  const prose = text.replace(/\S/g, "\0").split("");
  for (const { start, end } of kept) {
    for (let at = start; at < end; at++) prose[at] = text[at];
  }
  return prose.join("");
}

function* findings(file) {
  const prose = extractProse(file, readFileSync(file, "utf8"));
  for (const { pattern, advice } of rules) {
    for (const { 0: phrase, index } of prose.matchAll(pattern)) {
      const line = prose.slice(0, index).split("\n").length;
      yield { line, message: `${file}:${line} "${phrase.replace(/[\s*/#]+/g, " ")}": ${advice}` };
    }
  }
}

const given = process.argv.slice(2);
const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
});
const files =
  given.length > 0 ? given : listed.split("\n").filter((file) => include.test(file) && !exclude.test(file));
let waiting = 0;
for (const file of files) {
  for (const { message } of [...findings(file)].sort((a, b) => a.line - b.line)) {
    if (given.length === 0 && pending.test(file)) {
      waiting++;
      continue;
    }
    console.error(message);
    process.exitCode = 1;
  }
}
if (waiting > 0) console.error(`${waiting} more in files that are pending in scripts/prose.json`);
