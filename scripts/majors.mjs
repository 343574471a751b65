// Reports each framework and driver whose newest major on npm is not among those that the tests run on:
// `npm run majors`. Ends with 1 if there is one, and with 2 if npm does not answer.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const MATRIX = "test/support/majors.json";

/** The major of npm's latest version. Below 1.0 each minor may break what was, so it counts as one. */
async function newestMajor(name) {
  const { stdout } = await promisify(execFile)("npm", ["view", name, "dist-tags.latest", "--loglevel=error"]);
  const major = /^(0\.\d+|[1-9]\d*)\./.exec(stdout)?.[1];
  if (!major) throw new Error(`npm says ${JSON.stringify(stdout)} is its latest version`);
  return major;
}

const [file = new URL(`../${MATRIX}`, import.meta.url)] = process.argv.slice(2);
for (const [name, { majors }] of Object.entries(JSON.parse(await readFile(file, "utf8")))) {
  try {
    const newest = await newestMajor(name);
    if (newest in majors) continue;
    const tested = Object.keys(majors).join(", ");
    console.log(
      `${name}: ${newest} is the newest major, and the tests run on ${tested}. Add it to ${MATRIX}.`,
    );
    process.exitCode = 1;
  } catch (error) {
    console.error(`${name}: npm does not say what the newest version is.\n${error.stderr || error.message}`);
    process.exit(2);
  }
}
