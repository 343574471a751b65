import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { FileUnderTestModel } from "mutation-testing-metrics";
import { createVitest } from "vitest/node";
import options, { FILES, REPORT } from "./stryker.config.mjs";
import { diffOf, explainedIn, notIn } from "./survivors.ts";

/**
 * `npm run mutation [-- FILE...]`: fails when a mutant survives that survivors.md does not explain, and when it explains
 * one that does not.
 */

const { positionals } = parseArgs({ allowPositionals: true });
for (const file of positionals)
  if (!FILES.includes(file)) throw new Error(`${file}: not one of ${FILES.join(", ")}`);
const mutate = positionals.length > 0 ? positionals : FILES;

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const started = Date.now();
await new Stryker({ ...options, mutate }).runMutationTest();

const { files, testFiles } = JSON.parse(readFileSync(REPORT, "utf8"));
const explained = explainedIn(readFileSync(new URL("survivors.md", import.meta.url), "utf8"));
// Stryker passes over a file of tests that does not load: who would miss it?
const vitest = await createVitest("test", { config: options.vitest.configFile, watch: false });
for (const { moduleId } of await vitest.globTestSpecifications()) {
  const file = relative(process.cwd(), moduleId);
  if (!testFiles[file]) fail(`${file}: did not run`);
}
await vitest.close();
for (const name of mutate) {
  const mutants = files[name] ? new FileUnderTestModel(files[name], name).mutants : [];
  if (mutants.length === 0) fail(`${name}: has no mutants`);
  const those = (...statuses) => mutants.filter(({ status }) => statuses.includes(status));
  const known = explained.get(name) ?? [];
  const survivors = those("Survived", "NoCoverage").map(diffOf);
  const slow = those("Timeout").map(diffOf);
  for (const diff of notIn(known, survivors))
    fail(`${name}: survives, and survivors.md does not say why\n${diff}`);
  // On a busy machine one may be out of time that survives: no reason to change the document.
  for (const diff of notIn([...survivors, ...slow], known))
    fail(`${name}: survivors.md explains what is killed\n${diff}`);
  const others = mutants.length - survivors.length - slow.length - those("Killed").length;
  console.log(
    `${name}: ${mutants.length} mutants, ${those("Killed").length} killed, ${slow.length} without an end, ${survivors.length} survive, ${others} did not run`,
  );
}
console.log(`${Math.round((Date.now() - started) / 60_000)} minutes`);

function fail(message) {
  console.error(`\n${message}`);
  process.exitCode = 1;
}
