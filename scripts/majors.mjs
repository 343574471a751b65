// Reports each framework and driver whose newest major on npm is not tested: `npm run majors`. Exits with 1 when it finds
// one, and with 2 when npm does not answer.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const MATRIX = "test/support/majors.json";

/** Returns the major of npm's latest version. Below 1.0 each minor may break, so it counts as a major: `0.18`. */
async function newestMajor(name) {
  const { stdout } = await promisify(execFile)("npm", ["view", name, "dist-tags.latest", "--loglevel=error"]);
  const major = /^(0\.\d+|[1-9]\d*)\./.exec(stdout)?.[1];
  if (!major) throw new Error(`npm reports ${JSON.stringify(stdout)} as its latest version`);
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
    console.error(`${name}: npm did not report the newest version.\n${error.stderr || error.message}`);
    process.exit(2);
  }
}
