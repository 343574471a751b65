import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ROOT } from "../support/entries.ts";

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(`${ROOT}package-lock.json`, "utf8");
const packages: Readonly<Record<string, LockedPackage>> = JSON.parse(text).packages;

/** Whether `require(name)` in that folder would find a package, by the lockfile. */
function finds(folder: string, name: string): boolean {
  if (`${folder && `${folder}/`}node_modules/${name}` in packages) return true;
  const parent = folder.lastIndexOf("node_modules/");
  return parent > -1 && finds(folder.slice(0, parent).replace(/\/$/, ""), name);
}

describe("package-lock.json", () => {
  it("has what every platform needs, though one machine installs but its own", () => {
    const missing = Object.entries(packages).flatMap(([folder, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => !finds(folder, name))
        .map((name) => `${folder} wants ${name}`),
    );
    // With one of them missing `npm ci` refuses to install anything.
    expect(missing).toEqual([]);
  });

  it("names no registry", () => {
    expect(text).not.toContain('"resolved"');
    expect(text).not.toMatch(/https?:\/\/[^"]*registry/);
  });
});
