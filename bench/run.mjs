import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { environment, environmentText } from "./report.mjs";
import { SECTIONS } from "./sections.mjs";
import { SPEED_TABLES, withSpeedTable } from "./speed-table.ts";

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
  throw new Error(
    `--only must be one of ${SECTIONS.map(({ name }) => name).join(", ")}. Received ${unknown}.`,
  );
}
if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
  throw new Error("bench: dist/ is missing. Run `npm run build` in the project's root.");
}

const begun = environment();
console.log(`# sessionup benchmark\n\n${environmentText(begun)}`);
for (const section of SECTIONS) {
  if (values.only && !values.only.includes(section.name)) continue;
  const date = new Date().toISOString();
  process.stderr.write(`${section.name} `);
  const start = performance.now();
  const result = await section.run({ quick: values.quick, stores: values.store });
  process.stderr.write(` ${Math.round((performance.now() - start) / 1_000)} s\n`);
  console.log(`\n${section.text(result)}`);
  if (!values.save) continue;
  // The load from before the first section. From the second on, the benchmark itself causes the load.
  save(section.name, { ...begun, date, quick: values.quick, result });
  for (const [name, picture] of Object.entries(section.pictures?.(result) ?? {}))
    writeFileSync(new URL(`results/${name}`, import.meta.url), picture);
}

if (values.save) {
  for (const [page, write] of Object.entries(SPEED_TABLES)) {
    const file = new URL(`../${page}`, import.meta.url);
    writeFileSync(file, withSpeedTable(readFileSync(file, "utf8"), write()));
  }
}

/** Saves a section's result in its own file, so that one section can be measured again separately. */
function save(/** @type {string} */ name, /** @type {unknown} */ result) {
  const rounded = (/** @type {string} */ _key, /** @type {unknown} */ value) =>
    typeof value === "number" ? Number(value.toPrecision(5)) : value;
  // One line per list of samples.
  const text = JSON.stringify(result, rounded, 1).replace(
    /\[\s+([^[\]{}]+?)\s+\]/g,
    (_, list) => `[${list.replace(/\s+/g, " ")}]`,
  );
  writeFileSync(new URL(`results/${name}.json`, import.meta.url), `${text}\n`);
}
