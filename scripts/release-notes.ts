// Prints what the changelog says about the current version, for the release.
import { readFileSync } from "node:fs";
import { findSection } from "./changelog.ts";

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
console.log(findSection(readFileSync("CHANGELOG.md", "utf8"), version));
