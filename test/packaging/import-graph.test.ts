import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { ENTRIES, ROOT, sourceFiles } from "../support/entries.ts";
import { collectImports, findCycles, type Import, parseModule, readImportGraph } from "./_import-graph.ts";

/** The rooms of src/. At run time, a file may import its own room and the rooms before it. */
const ROOMS: readonly string[] = [
  "duration",
  "errors",
  "events",
  "exchange",
  "standard-schema",
  "store",
  "rules/",
  "client-info/",
  "session",
  "cookie/",
  "signed/",
  "options/",
  "lifecycle/",
  "client-validation/",
  "previous-cookies/",
  "recognition/",
  "report/",
  "federation/",
  "cache/",
  "http/",
  "live/",
  "telemetry/",
  "bearer/",
  "dpop/",
  "pocket/",
  "audit/",
  "admin/",
  "manager",
  "signed",
  "stores/",
  "adapters/",
  "context",
  "client/",
  "client",
  "testing/",
  "testing",
  "index",
  "cli/",
];

/** An entry of a store or an adapter: `stores/redis`, not `stores/redis/client`. */
const EDGE = /^(stores|adapters)\/[^/]+$/;

/** Further Node modules and the peers that some subpaths import. */
const OWN_NEEDS: Readonly<Record<string, readonly string[]>> = {
  "./audit": ["node:buffer", "node:fs", "node:fs/promises", "node:readline"],
  "./context": ["node:async_hooks"],
  "./live": ["node:events"],
  "./nest": ["@nestjs/common", "@nestjs/core", "rxjs"],
  "./pocket": ["node:buffer"],
  "./passport": ["node:buffer"],
  "./socket.io": ["node:events"],
  "./sse": ["node:events"],
  "./testing": ["node:assert/strict"],
  "./ws": ["node:events", "node:http"],
  "./stores/lmdb": ["node:fs", "node:path"],
  // These drivers require bytes as a `Buffer`.
  "./stores/mysql": ["node:buffer"],
  "./stores/postgres": ["node:buffer"],
};

/** The one file that imports a module whose name is only known at run time: the app's, which an operator names. */
const LOADER = "cli/stores/module";

/** Frameworks whose types the adapters use. Each peer is optional. */
const PEERS = Object.keys(manifest.peerDependencies);

const graph = readImportGraph(`${ROOT}src`, sourceFiles());
const names = [...graph.keys()];

function room(name: string): string {
  return name.replace(/\/.*/, "/");
}

function format({ to, typeOnly }: Import): string {
  return typeOnly ? `type ${to}` : to;
}

/** Lists the imports between files of `src/` for which `is` holds. */
function edges(is: (from: string, edge: Import) => boolean): readonly string[] {
  return names.flatMap((from) => {
    const found = graph.get(from)?.imports.filter((edge) => graph.has(edge.to) && is(from, edge)) ?? [];
    return found.map((edge) => `${from} imports ${format(edge)}`);
  });
}

describe("imports of src/", () => {
  it("run-time imports lead only to the same room or to earlier rooms", () => {
    const rank = (name: string) => ROOMS.indexOf(room(name));
    expect(edges((from, { to, typeOnly }) => !typeOnly && rank(to) > rank(from))).toEqual([]);
  });

  it("every file of src/ belongs to a listed room", () => {
    expect(names.filter((name) => !ROOMS.includes(room(name)))).toEqual([]);
  });

  it("no store or adapter imports another one", () => {
    const foreign = (from: string, { to }: Import) =>
      (/^(stores|adapters)\//.test(from) && EDGE.test(to)) ||
      (room(from) === "adapters/" && room(to) === "stores/");
    expect(edges(foreign)).toEqual([]);
  });

  it("run-time imports have no cycles", () => {
    expect(findCycles(graph)).toEqual([]);
  });

  it("imports lead only to existing files, Node builtins and peers", () => {
    const isLoader = (name: string, { to }: Import) => name === LOADER && to === "(computed)";
    const edges = names.flatMap(
      (name) => graph.get(name)?.imports.filter((edge) => !isLoader(name, edge)) ?? [],
    );
    const needed = Object.values(OWN_NEEDS).flat();
    const unexpected = edges.filter(
      ({ to, typeOnly }) =>
        !graph.has(to) &&
        !to.startsWith("node:") &&
        !(PEERS.includes(to) && (typeOnly || needed.includes(to))),
    );
    expect(unexpected).toEqual([]);
  });

  it("no module has a top-level await, which `require` could not load", () => {
    expect(names.filter((name) => graph.get(name)?.topLevelAwait)).toEqual([]);
  });

  it("no module augments global types, which two managers would share", () => {
    expect(names.filter((name) => graph.get(name)?.augments)).toEqual([]);
  });

  it("only index, testing and admin consist of re-exports", () => {
    expect(names.filter((name) => graph.get(name)?.reExportsOnly)).toEqual([
      "admin/admin",
      "index",
      "testing",
    ]);
  });
});

describe.each([...ENTRIES])("the subpath %s", (subpath, file) => {
  it("the entry imports no other store or adapter", () => {
    const own = file.replace(/\.ts$/, "");
    // The app of the adapter contract uses the memory store.
    const allowed = subpath === "./testing" ? ["stores/memory"] : [own];
    const imported = [...collectImports(graph, own)].filter((name) => EDGE.test(name));
    expect(imported.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it("the entry imports only its own peers and the Node modules that every server runtime has", () => {
    const runtime = collectImports(graph, file.replace(/\.ts$/, ""), ({ typeOnly }) => !typeOnly);
    const foreign = [...runtime].filter((name) => !graph.has(name));
    const allowed = ["node:crypto", "node:diagnostics_channel", "node:net", ...(OWN_NEEDS[subpath] ?? [])];
    expect(foreign.filter((name) => !allowed.includes(name))).toEqual([]);
  });
});

describe("the import parser", () => {
  it.each<[code: string, imports: string[]]>([
    ['import { a } from "./a.ts";', ["dir/a"]],
    ['import type { A } from "../a.ts";', ["type a"]],
    // Under verbatimModuleSyntax, the compiler keeps `import {} from "./a.ts"`.
    ['import { type A } from "./a.ts";', ["dir/a"]],
    ['import "node:net";', ["node:net"]],
    ['export { a } from "./a.ts";', ["dir/a"]],
    ['export type { A } from "./a.ts";', ["type dir/a"]],
    ['export * from "./a.ts";', ["dir/a"]],
    ['export const a = () => import("pg");', ["pg"]],
    ["export const a = (name: string) => import(name);", ["(computed)"]],
    ['export type A = import("./a.ts").A;', ["type dir/a"]],
    ["export const a = 1;", []],
  ])("parseModule finds the imports of %s", (code, imports) => {
    expect(parseModule("dir/file.ts", code).imports.map(format)).toEqual(imports);
  });

  it.each<[code: string, awaits: boolean]>([
    ["await 1;", true],
    ["for await (const a of []) a;", true],
    ["export const a = await 1;", true],
    ["export const a = async () => await 1;", false],
    ["export class A { async b() { for await (const a of []) a; await 1; } }", false],
  ])("parseModule detects whether %s has a top-level await", (code, awaits) => {
    expect(parseModule("file.ts", code).topLevelAwait).toBe(awaits);
  });

  it.each<[code: string, augments: boolean]>([
    ["declare global { interface A {} } export {};", true],
    ['declare module "express" { interface Request {} } export {};', true],
    ["declare const a: 1; export { a };", false],
  ])("parseModule detects whether %s augments types", (code, augments) => {
    expect(parseModule("file.ts", code).augments).toBe(augments);
  });

  it("findCycles finds cycles of run-time imports and ignores type imports", () => {
    const file = (...to: string[]) =>
      parseModule("f.ts", to.map((name) => `import "./${name}.ts";`).join("\n"));
    const types = parseModule("f.ts", 'import type { A } from "./a.ts";');
    expect(
      findCycles(
        new Map([
          ["a", file("b")],
          ["b", file("c")],
          ["c", types],
        ]),
      ),
    ).toEqual([]);
    expect(
      findCycles(
        new Map([
          ["a", file("b")],
          ["b", file("c")],
          ["c", file("a")],
          ["d", file("a")],
        ]),
      ),
    ).toEqual(["a", "b", "c"]);
  });
});
