import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { addSection, findSection, toSection } from "../../scripts/changelog.ts";
import { PACKAGE, ROOT } from "../support/entries.ts";

const TEXTS = [
  "Fixed: The cookie survives an error.",
  "Added: A store for X.\n\nIt needs X 3.",
  "Fixed: A list is complete.",
];
const SECTION = `## [1.2.0] - 2026-12-01

### Added

- A store for X.

  It needs X 3.

### Fixed

- The cookie survives an error.
- A list is complete.

`;

describe("the changelog", () => {
  it("toSection groups the texts of changesets by kind", () => {
    expect(toSection("1.2.0", "2026-12-01", TEXTS)).toBe(SECTION);
  });

  it("toSection rejects a text without a kind", () => {
    expect(() => toSection("1.2.0", "2026-12-01", ["A store for X."])).toThrow("must begin with");
  });

  it("addSection puts the new section above the newest version, and findSection finds it", () => {
    const changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.1.0] - 2026-11-01\n\n- Old.\n";
    const added = addSection(changelog, SECTION);
    expect(added).toBe(`# Changelog\n\n## [Unreleased]\n\n${SECTION}## [1.1.0] - 2026-11-01\n\n- Old.\n`);
    expect(findSection(added, "1.1.0")).toBe("- Old.");
    expect(findSection(added, "1.2.0")).toContain("### Fixed");
    expect(() => findSection(added, "1.0.0")).toThrow("1.0.0");
  });

  it("CHANGELOG.md has a section of the current version", () => {
    const changelog = readFileSync(`${ROOT}CHANGELOG.md`, "utf8");
    expect(findSection(changelog, PACKAGE.version)).toMatch(/^### Added/m);
  });
});
