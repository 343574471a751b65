import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { REQUIREMENTS, type Requirement } from "./_requirements.ts";

/** A test whose title ends with a tag such as `[asvs 7.4.1]`: it proves that requirement. */
interface Proof {
  readonly id: string;
  readonly title: string;
  readonly file: string;
}

/** Lists every TypeScript file of a folder. Contracts and shared suites define tests outside of `.test.ts` files. */
function listFiles(folder: string): readonly string[] {
  return readdirSync(`${ROOT}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : listFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** Finds the tagged titles in a source file. A tag lists one requirement or several: `[asvs 7.1.3, 7.6.1]`. */
function findProofs(text: string, file: string): readonly Proof[] {
  return [...text.matchAll(/(["`])((?:(?!\1).)+) \[asvs ([\d., ]+)\]\1/g)].flatMap(
    ([, , title = "", ids = ""]) => ids.split(", ").map((id) => ({ id, title, file })),
  );
}

const SOURCES = [...listFiles("src"), ...listFiles("test")]
  .filter((file) => file !== "test/security/asvs.test.ts")
  .sort()
  .map((file) => ({ file, text: readFileSync(`${ROOT}${file}`, "utf8") }));
const PROOFS = SOURCES.flatMap(({ file, text }) => findProofs(text, file));

function toRow({ id, level, asks, does, needs = "nothing; the defaults suffice" }: Requirement): string {
  const tests = PROOFS.filter((proof) => proof.id === id).map(
    ({ title, file }) => `[${title.replaceAll("|", "\\|")}](../../${file})`,
  );
  return `| ${id} (${level}) | ${asks} | ${does} | ${needs} | ${tests.join("<br>")} |`;
}

describe("docs/security/asvs.md", () => {
  it("docs/security/asvs.md lists each requirement with the tests that are tagged with it", async () => {
    const page = [
      "# OWASP ASVS 5.0",
      "",
      "The requirements of ASVS 5.0 that concern sessions, and the tests that prove that sessionup meets them.",
      "",
      "This page is generated from the tags in the titles of the tests, such as `[asvs 7.4.1]`.",
      "`npx vitest run test/security/asvs.test.ts -u` writes it, and the test fails for a requirement without a test.",
      "",
      "| id (level) | requirement | what sessionup does | what the app must set or call | tests |",
      "|---|---|---|---|---|",
      ...REQUIREMENTS.map(toRow),
      "",
    ];
    await expect(page.join("\n")).toMatchFileSnapshot(`${ROOT}docs/security/asvs.md`);
  });

  it.each(REQUIREMENTS)("requirement $id has a test: $asks", ({ id }) => {
    expect(PROOFS.filter((proof) => proof.id === id)).not.toEqual([]);
  });

  it("no test is tagged with a requirement that the page does not list", () => {
    const known = new Set(REQUIREMENTS.map(({ id }) => id));
    expect(PROOFS.filter(({ id }) => !known.has(id))).toEqual([]);
  });

  it("no title names a requirement in another form than the tag", () => {
    const strays = SOURCES.filter(({ text }) => /["`]ASVS \d|\[ASVS|\[asvs (?![\d., ]+\]["`])/.test(text));
    expect(strays.map(({ file }) => file)).toEqual([]);
  });

  it("findProofs reads tags from titles in either kind of quotes and ignores comments", () => {
    const text =
      'it("says one [asvs 1.2.3]", f); it.each([])(`and two [asvs 1.2.4, 1.2.5]`); // [asvs 1.2.6]';
    expect(findProofs(text, "a.ts").map(({ id, title }) => `${id} ${title}`)).toEqual([
      "1.2.3 says one",
      "1.2.4 and two",
      "1.2.5 and two",
    ]);
  });
});
