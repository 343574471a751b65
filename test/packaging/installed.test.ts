import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRIES, PACKAGE, sourceFiles } from "./_entries.ts";
import { exportedBy } from "./_exported.ts";
import { InstalledPackage } from "./_installed.ts";

const SPECIFIERS = [...ENTRIES.keys()].map((subpath) => subpath.replace(/^\./, PACKAGE.name));

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await InstalledPackage.make();
}, 120_000);

afterAll(() => installed?.remove());

/** The names of every subpath, by the sources. */
function names(): Record<string, readonly string[]> {
  return Object.fromEntries(
    [...ENTRIES].map(([subpath, file]) => [
      subpath.replace(/^\./, PACKAGE.name),
      exportedBy(file)
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ name }) => name)
        .sort(),
    ]),
  );
}

describe("the package, packed and installed", () => {
  it("holds what is built of each file, the papers, and nothing else", () => {
    const built = sourceFiles().flatMap((file) =>
      [".js", ".d.ts"].map((end) => `dist/${file.slice(0, -3)}${end}`),
    );
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "package.json"];
    expect(installed.files()).toEqual([...built, ...papers].sort());
  });

  it("needs nothing else", () => {
    expect(PACKAGE).not.toHaveProperty("dependencies");
    expect(PACKAGE).not.toHaveProperty("peerDependencies");
    expect(PACKAGE).not.toHaveProperty("optionalDependencies");
  });

  it("gives its names to `import`", async () => {
    expect(await installed.json("import.mjs", SPECIFIERS)).toEqual(names());
  });

  it("gives its names to `require`", async () => {
    expect(await installed.json("require.cjs", SPECIFIERS)).toEqual(names());
  });

  it("logs in and out over node:http", async () => {
    expect(await installed.json("login.mjs")).toEqual([
      ["/me", 401, JSON.stringify({ error: "unauthorized", reason: "no_cookie" })],
      ["/login", 200, ""],
      ["/me", 200, "user-1"],
      ["/logout", 200, ""],
      ["/me", 401, JSON.stringify({ error: "unauthorized", reason: "unknown" })],
    ]);
  });
});

describe("the published types", () => {
  it.each([true, false])("compile in a strict app, exactOptionalPropertyTypes %s", async (exact) => {
    const options = { exactOptionalPropertyTypes: exact };
    await installed.compile(["app.ts", "app.cts"], options);
  });

  it("compile where there are no types of Node", async () => {
    const lib = ["es2023", "dom", "dom.iterable"];
    const options = { lib, types: [], module: "preserve", moduleResolution: "bundler" };
    await installed.compile(["worker.ts"], options);
  });

  it("show nothing that is internal", async () => {
    installed.write(
      "internal.ts",
      `
        import { type Events, type Manager, SessionError } from "sessionup";
        type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
        type Members = "events" | "with" | "fetchByUserKey" | "revokeById" | "revokeByUserKey" | "close";
        export const manager: Same<keyof Manager, Members> = true;
        export const events: Same<keyof Events, "on"> = true;
        export const own: Same<Exclude<keyof typeof SessionError, keyof typeof Error>, "is"> = true;
      `,
    );
    await installed.compile(["internal.ts"]);
  });
});
