import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";
import { REQUIREMENTS } from "./_requirements.ts";

/** A test that says by its title which requirement it proves. */
interface Proof {
  readonly id: string;
  readonly title: string;
  readonly file: string;
}

/** Every file that may have a test in it: those of the contracts and suites are no `.test.ts`. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(`${ROOT}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** The titles that begin with the ids of requirements, as they stand in the sources. */
function proofsIn(text: string, file: string): readonly Proof[] {
  const titles = text.matchAll(/(["`])((?:ASVS )?(?:(?:, )?(?:ASVS )?\d+\.\d+\.\d+)+): ((?:(?!\1).)+)\1/g);
  return [...titles].flatMap(([, , ids = "", title = ""]) => {
    if (!ids.startsWith("ASVS ")) return [];
    return [...ids.matchAll(/\d+\.\d+\.\d+/g)].map(([id]) => ({ id, title, file }));
  });
}

const PROOFS = [...filesOf("src"), ...filesOf("test")]
  .filter((file) => file !== "test/security/asvs.test.ts")
  .sort()
  .flatMap((file) => proofsIn(readFileSync(`${ROOT}${file}`, "utf8"), file));

function rowOf({ id, level, asks, does, needs }: (typeof REQUIREMENTS)[number]): string {
  const tests = PROOFS.filter((proof) => proof.id === id).map(({ title, file }) => {
    return `[${title.replaceAll("|", "\\|")}](../../${file})`;
  });
  return `| ${id} (${level}) | ${asks} | ${does} | ${needs} | ${tests.join("<br>")} |`;
}

describe("docs/security/asvs.md", () => {
  it("has each requirement with the tests that prove it, by their titles", async () => {
    const page = [
      "# What OWASP ASVS 5.0 asks, and the tests that prove it",
      "",
      "Made from the titles of the tests: `npx vitest run test/security/asvs.test.ts -u` writes it. A row without a test fails.",
      "",
      "| requirement (level) | asks | what the library does | what the app must set or call | tests |",
      "|---|---|---|---|---|",
      ...REQUIREMENTS.map(rowOf),
      "",
    ];
    await expect(page.join("\n")).toMatchFileSnapshot(`${ROOT}docs/security/asvs.md`);
  });

  it.each(REQUIREMENTS)("has a test for $id, $asks", ({ id }) => {
    expect(PROOFS.filter((proof) => proof.id === id)).not.toEqual([]);
  });

  it("has no test of a requirement that it does not know", () => {
    const known = new Set(REQUIREMENTS.map(({ id }) => id));
    expect(PROOFS.filter(({ id }) => !known.has(id))).toEqual([]);
  });

  it("finds titles in either kind of quotes, and nothing else", () => {
    const text =
      'it("ASVS 1.2.3: says one thing", f); it.each([])(`ASVS 1.2.4, 1.2.5: and another`, f); // ASVS 1.2.6: no';
    expect(proofsIn(text, "a.ts").map(({ id, title }) => `${id} ${title}`)).toEqual([
      "1.2.3 says one thing",
      "1.2.4 and another",
      "1.2.5 and another",
    ]);
  });
});
