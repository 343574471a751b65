// Raises the version and moves the texts of the changesets into a new section of CHANGELOG.md: `npm run version`.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import getChangesets from "@changesets/read";
import { addSection, toSection } from "./changelog.ts";

const changesets = await getChangesets(process.cwd());
if (changesets.length === 0) throw new Error("There are no changesets. Add one with `npx changeset`.");
const texts = changesets.map(({ summary }) => summary);
// Before the version is raised, so that a text without a section changes nothing.
toSection("0.0.0", "1970-01-01", texts);

execFileSync("npx", ["changeset", "version"], { stdio: "inherit" });
const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
const section = toSection(version, new Date().toISOString().slice(0, 10), texts);
// JSR has its own file, which the changesets do not know.
const jsr = readFileSync("jsr.json", "utf8");
writeFileSync("jsr.json", jsr.replace(/"version": ".*?"/, `"version": "${version}"`));
writeFileSync("CHANGELOG.md", addSection(readFileSync("CHANGELOG.md", "utf8"), section));
