import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENTRIES, PACKAGE, ROOT, sourceFiles } from "../support/entries.ts";
import { exportedBy } from "../support/exported.ts";
import { InstalledPackage } from "./_installed.ts";

const SPECIFIERS = [...ENTRIES.keys()].map((subpath) => subpath.replace(/^\./, PACKAGE.name));

/** The subpaths that import their framework, which their users have installed. */
const WITH_PEERS = ["sessionup/nest"];

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await InstalledPackage.make();
}, 120_000);

afterAll(() => installed?.remove());

/** Returns the names that the sources export: of the subpaths with a framework, or of all others. */
function exportedNames(withPeers: boolean): Record<string, readonly string[]> {
  const wanted = [...ENTRIES].filter(([subpath]) => {
    return WITH_PEERS.includes(subpath.replace(/^\./, PACKAGE.name)) === withPeers;
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

describe("the installed package", () => {
  it("the package contains each source file with its build and maps, the documents and nothing else", () => {
    const built = sourceFiles().flatMap((file) => [
      `src/${file}`,
      ...[".js", ".js.map", ".d.ts", ".d.ts.map"].map((end) => `dist/${file.slice(0, -3)}${end}`),
    ]);
    const documents = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "openapi.json", "package.json"];
    expect(installed.files()).toEqual([...built, ...documents].sort());
  });

  it("the maps lead from the build to the sources", () => {
    for (const end of [".js.map", ".d.ts.map"]) {
      const { sources } = JSON.parse(installed.read(`dist/adapters/express${end}`)) as { sources: string[] };
      expect(sources).toEqual(["../../src/adapters/express.ts"]);
    }
  });

  it("the package has no dependencies except for optional peers", () => {
    expect(PACKAGE).not.toHaveProperty("dependencies");
    expect(PACKAGE).not.toHaveProperty("optionalDependencies");
    const { peerDependencies = {}, peerDependenciesMeta = {} } = PACKAGE;
    const optional = Object.keys(peerDependencies).filter((peer) => peerDependenciesMeta[peer]?.optional);
    expect(optional).toEqual(Object.keys(peerDependencies));
    expect(Object.keys(peerDependenciesMeta)).toEqual(optional);
  });

  const withoutPeers = SPECIFIERS.filter((specifier) => !WITH_PEERS.includes(specifier));

  it("`import` gets the names of each subpath", async () => {
    expect(await installed.json("import.mjs", withoutPeers)).toEqual(exportedNames(false));
  });

  it("`require` gets the names of each subpath", async () => {
    expect(await installed.json("require.cjs", withoutPeers)).toEqual(exportedNames(false));
  });

  it("an adapter that imports its framework loads when the framework is installed", async () => {
    installed.linkPeers(Object.keys(PACKAGE.peerDependencies ?? {}));
    expect(await installed.json("import.mjs", WITH_PEERS)).toEqual(exportedNames(true));
    expect(await installed.json("require.cjs", WITH_PEERS)).toEqual(exportedNames(true));
  });

  it("the command line runs from the installed package", async () => {
    expect(await installed.bin("sessionup", ["--version"])).toBe(`${PACKAGE.version}\n`);
    installed.write("store.mjs", 'export { store } from "./make-store.mjs";');
    installed.write(
      "make-store.mjs",
      'import { memoryStore } from "sessionup/stores/memory"; export const store = memoryStore();',
    );
    expect(await installed.bin("sessionup", ["count", "--store", "./store.mjs"])).toBe("0\n");
  });

  it("an app with the installed package logs in and out over node:http", async () => {
    expect(await installed.json("login.mjs")).toEqual([
      ["/me", 401, JSON.stringify({ error: "unauthorized", reason: "no_cookie" })],
      ["/login", 200, ""],
      ["/me", 200, "user-1"],
      ["/logout", 200, ""],
      ["/me", 401, JSON.stringify({ error: "unauthorized", reason: "unknown" })],
    ]);
  });
});

describe("the example of the README", () => {
  it("the example signs in, lists the devices and signs out", async () => {
    installed.linkPeers(["express"]);
    installed.write("app.mjs", runnableExample());
    expect(await installed.json("readme.mjs")).toEqual([
      ["GET /me", 401],
      ["POST /login", 204],
      ["GET /me", 200],
      ["GET /devices", 200],
      ["POST /logout", 204],
      ["GET /me", 401],
    ]);
  });
});

/** Returns the example with a free port and a password check that accepts every password. */
function runnableExample(): string {
  const [, example = ""] = /^```ts\n(.*?)^```/ms.exec(readFileSync(`${ROOT}README.md`, "utf8")) ?? [];
  return example
    .replace(/^declare function checkPassword.*$/m, 'const checkPassword = async () => ({ id: "user-1" });')
    .replace("app.listen(3000)", "export const server = app.listen(0)");
}

describe("the published types", () => {
  it.each([true, false])(
    "the types compile in a strict app with exactOptionalPropertyTypes %s",
    async (exact) => {
      const options = { exactOptionalPropertyTypes: exact };
      await installed.compile(["app.ts", "app.cts"], options);
    },
  );

  it("the types compile without the types of Node", async () => {
    const lib = ["es2023", "dom", "dom.iterable"];
    const options = { lib, types: [], module: "preserve", moduleResolution: "bundler" };
    await installed.compile(["worker.ts"], options);
  });

  it("the types of every subpath compile, declaration files included", async () => {
    installed.linkPeers(Object.keys(PACKAGE.peerDependencies ?? {}));
    const imports = SPECIFIERS.map((specifier, index) => `import * as subpath${index} from "${specifier}";`);
    installed.write("subpaths.ts", [...imports, "export {};", ""].join("\n"));
    await installed.compile(["subpaths.ts"], { types: ["node"], lib: ["es2023", "dom", "dom.iterable"] });
  });

  it("the types contain no internal members", async () => {
    installed.write(
      "internal.ts",
      `
        import { type Events, type Manager, SessionError } from "sessionup";
        type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
        type Ends = "revokeById" | "revokeByUserKey";
        type Members = "events" | "notBefore" | "with" | "fetchByUserKey" | Ends | "close";
        export const manager: Same<keyof Manager, Members> = true;
        export const events: Same<keyof Events, "on"> = true;
        export const own: Same<Exclude<keyof typeof SessionError, keyof typeof Error>, "is"> = true;
      `,
    );
    await installed.compile(["internal.ts"]);
  });
});
