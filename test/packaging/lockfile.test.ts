import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(`${ROOT}package-lock.json`, "utf8");
const packages: Readonly<Record<string, LockedPackage>> = JSON.parse(text).packages;

/** Whether `require(name)` in this folder would find a package of the lockfile. */
function finds(folder: string, name: string): boolean {
  if (`${folder && `${folder}/`}node_modules/${name}` in packages) return true;
  const parent = folder.lastIndexOf("node_modules/");
  return parent > -1 && finds(folder.slice(0, parent).replace(/\/$/, ""), name);
}

describe("package-lock.json", () => {
  it("package-lock.json contains the optional packages of every platform", () => {
    const missing = Object.entries(packages).flatMap(([folder, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !finds(folder, name))
        .map((name) => `${folder} requires ${name}`),
    );
    // `npm ci` installs nothing when one of them is missing.
    expect(missing).toEqual([]);
  });

  it("package-lock.json contains no registry URL", () => {
    expect(text).not.toContain('"resolved"');
    expect(text).not.toMatch(/https?:\/\/[^"]*registry/);
  });
});
