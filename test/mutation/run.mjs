import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import { FileUnderTestModel } from "mutation-testing-metrics";
import { createVitest } from "vitest/node";
import options, { FILES, REPORT } from "./stryker.config.mjs";
import { explainedIn, notIn, toDiff } from "./survivors.ts";

/**
 * Runs `npm run mutation [-- FILE...]`. Fails when a mutant survives that survivors.md does not explain, and when
 * survivors.md explains a mutant that does not survive.
 */

const { positionals } = parseArgs({ allowPositionals: true });
for (const file of positionals)
  if (!FILES.includes(file)) throw new Error(`FILE must be one of ${FILES.join(", ")}. Received ${file}.`);
const mutate = positionals.length > 0 ? positionals : FILES;

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
const started = Date.now();
await new Stryker({ ...options, mutate }).runMutationTest();

const { files, testFiles } = JSON.parse(readFileSync(REPORT, "utf8"));
const explained = explainedIn(readFileSync(new URL("survivors.md", import.meta.url), "utf8"));
// Stryker silently skips a test file that does not load.
const vitest = await createVitest("test", { config: options.vitest.configFile, watch: false });
for (const { moduleId } of await vitest.globTestSpecifications()) {
  const file = relative(process.cwd(), moduleId);
  if (!testFiles[file]) fail(`${file}: the tests did not run`);
}
await vitest.close();
for (const name of mutate) {
  const mutants = files[name] ? new FileUnderTestModel(files[name], name).mutants : [];
  if (mutants.length === 0) fail(`${name}: the file has no mutants`);
  const those = (...statuses) => mutants.filter(({ status }) => statuses.includes(status));
  const known = explained.get(name) ?? [];
  const survivors = those("Survived", "NoCoverage").map(toDiff);
  const slow = those("Timeout").map(toDiff);
  for (const diff of notIn(known, survivors))
    fail(`${name}: a mutant survives that survivors.md does not explain\n${diff}`);
  // On a busy machine, a mutant that survives may time out instead. survivors.md may still explain it.
  for (const diff of notIn([...survivors, ...slow], known))
    fail(`${name}: survivors.md explains a mutant that is killed\n${diff}`);
  const others = mutants.length - survivors.length - slow.length - those("Killed").length;
  console.log(
    `${name}: ${mutants.length} mutants, ${those("Killed").length} killed, ${slow.length} timed out, ${survivors.length} survive, ${others} did not run`,
  );
}
console.log(`${Math.round((Date.now() - started) / 60_000)} minutes`);

function fail(message) {
  console.error(`\n${message}`);
  process.exitCode = 1;
}
