import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRIES, PACKAGE, sourceFiles } from "../support/entries.ts";
import { exportedBy } from "../support/exported.ts";
import { InstalledPackage } from "./_installed.ts";

const SPECIFIERS = [...ENTRIES.keys()].map((subpath) => subpath.replace(/^\./, PACKAGE.name));

/** Those that import their framework: who asks for one of them has it. */
const WITH_PEERS = ["sessionup/nest"];

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await InstalledPackage.make();
}, 120_000);

afterAll(() => installed?.remove());

/** The names of every subpath that imports its framework, or of every other one, by the sources. */
function names(ofPeers: boolean): Record<string, readonly string[]> {
  const wanted = [...ENTRIES].filter(([subpath]) => {
    return WITH_PEERS.includes(subpath.replace(/^\./, PACKAGE.name)) === ofPeers;
  });
  return Object.fromEntries(
    wanted.map(([subpath, file]) => [
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
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "openapi.json", "package.json"];
    expect(installed.files()).toEqual([...built, ...papers].sort());
  });

  it("needs nothing else but frameworks, each of them where it is used", () => {
    expect(PACKAGE).not.toHaveProperty("dependencies");
    expect(PACKAGE).not.toHaveProperty("optionalDependencies");
    const { peerDependencies = {}, peerDependenciesMeta = {} } = PACKAGE;
    const optional = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional);
    expect(optional).toEqual(Object.keys(peerDependencies));
    expect(Object.keys(peerDependenciesMeta)).toEqual(optional);
  });

  const alone = SPECIFIERS.filter((specifier) => !WITH_PEERS.includes(specifier));

  it("gives its names to `import`", async () => {
    expect(await installed.json("import.mjs", alone)).toEqual(names(false));
  });

  it("gives its names to `require`", async () => {
    expect(await installed.json("require.cjs", alone)).toEqual(names(false));
  });

  it("gives those of an adapter that imports its framework where that is installed", async () => {
    installed.linkPeers(Object.keys(PACKAGE.peerDependencies ?? {}));
    expect(await installed.json("import.mjs", WITH_PEERS)).toEqual(names(true));
    expect(await installed.json("require.cjs", WITH_PEERS)).toEqual(names(true));
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
        type Ends = "revokeById" | "revokeByUserKey" | "revokeAllBefore";
        type Members = "events" | "notBefore" | "with" | "fetchByUserKey" | Ends | "close";
        export const manager: Same<keyof Manager, Members> = true;
        export const events: Same<keyof Events, "on"> = true;
        export const own: Same<Exclude<keyof typeof SessionError, keyof typeof Error>, "is"> = true;
      `,
    );
    await installed.compile(["internal.ts"]);
  });
});
