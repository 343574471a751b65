import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { environment, environmentText } from "./report.mjs";
import { SECTIONS } from "./sections.mjs";
import { speedTable, withSpeedTable } from "./speed-table.ts";

/** `tsx bench/run.mjs [--quick] [--save] [--only SECTION]... [--store NAME]...` */

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    store: { type: "string", multiple: true },
  },
});
const unknown = values.only?.find((name) => !SECTIONS.some((section) => section.name === name));
if (unknown) {
  throw new Error(`--only ${unknown}: there are ${SECTIONS.map(({ name }) => name).join(", ")}`);
}
if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
  throw new Error("bench: the package is not built; `npm run build` in its root makes dist/");
}

const begun = environment();
console.log(`# sessionup: what sessions cost\n\n${environmentText(begun)}`);
for (const section of SECTIONS) {
  if (values.only && !values.only.includes(section.name)) continue;
  const date = new Date().toISOString();
  process.stderr.write(`${section.name} `);
  const start = performance.now();
  const result = await section.run({ quick: values.quick, stores: values.store });
  process.stderr.write(` ${Math.round((performance.now() - start) / 1_000)} s\n`);
  console.log(`\n${section.text(result)}`);
  if (!values.save) continue;
  // Before the first section: by the second, the load is the benchmark's own.
  save(section.name, { ...begun, date, quick: values.quick, result });
  for (const [name, picture] of Object.entries(section.pictures?.(result) ?? {}))
    writeFileSync(new URL(`results/${name}`, import.meta.url), picture);
}

if (values.save) {
  const readme = new URL("../README.md", import.meta.url);
  writeFileSync(readme, withSpeedTable(readFileSync(readme, "utf8"), speedTable()));
}

/** Each section's last run that counts is in a file of its own, so that one can be measured anew by itself. */
function save(/** @type {string} */ name, /** @type {unknown} */ result) {
  const rounded = (/** @type {string} */ _key, /** @type {unknown} */ value) =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  // A line for each list of samples.
  const text = JSON.stringify(result, rounded, 1).replace(
    /\[\s+([^[\]{}]+?)\s+\]/g,
    (_, list) => `[${list.replace(/\s+/g, " ")}]`,
  );
  writeFileSync(new URL(`results/${name}.json`, import.meta.url), `${text}\n`);
}
