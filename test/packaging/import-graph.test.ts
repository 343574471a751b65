import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { ENTRIES, ROOT, sourceFiles } from "../support/entries.ts";
import { closureOf, cyclic, factsOf, type Import, importGraph } from "./_import-graph.ts";

/** The rooms of src/. At run time a file imports its own room and those before it. */
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
  "recognition/",
  "report/",
  "federation/",
  "http/",
  "manager",
  "signed",
  "stores/",
  "adapters/",
  "context",
  "client",
  "testing/",
  "testing",
  "index",
];

/** An entry of a store or an adapter: `stores/redis`, not `stores/redis/client`. */
const EDGE = /^(stores|adapters)\/[^/]+$/;

/** What of Node some subpaths need besides, and which peers. */
const OWN_NEEDS: Readonly<Record<string, readonly string[]>> = {
  "./context": ["node:async_hooks"],
  "./nest": ["@nestjs/common", "@nestjs/core", "rxjs"],
  "./testing": ["node:assert/strict"],
  "./ws": ["node:http"],
  "./stores/lmdb": ["node:fs", "node:path"],
  // What those drivers want bytes to be.
  "./stores/mysql": ["node:buffer"],
  "./stores/postgres": ["node:buffer"],
};

/** Frameworks whose types an adapter is made of; each of them is optional. */
const PEERS = Object.keys(manifest.peerDependencies);

const graph = importGraph(`${ROOT}src`, sourceFiles());
const names = [...graph.keys()];

function room(name: string): string {
  return name.replace(/\/.*/, "/");
}

function shown({ to, typeOnly }: Import): string {
  return typeOnly ? `type ${to}` : to;
}

/** The imports of files in `src/` that lead to another of them, where `is` holds. */
function edges(is: (from: string, edge: Import) => boolean): readonly string[] {
  return names.flatMap((from) => {
    const found = graph.get(from)?.imports.filter((edge) => graph.has(edge.to) && is(from, edge)) ?? [];
    return found.map((edge) => `${from} imports ${shown(edge)}`);
  });
}

describe("the imports of src/", () => {
  it("go one way at run time, from a room to those before it", () => {
    const rank = (name: string) => ROOMS.indexOf(room(name));
    expect(edges((from, { to, typeOnly }) => !typeOnly && rank(to) > rank(from))).toEqual([]);
  });

  it("have a place in the order for each room", () => {
    expect(names.filter((name) => !ROOMS.includes(room(name)))).toEqual([]);
  });

  it("never lead from one store or adapter to another", () => {
    const foreign = (from: string, { to }: Import) =>
      (/^(stores|adapters)\//.test(from) && EDGE.test(to)) ||
      (room(from) === "adapters/" && room(to) === "stores/");
    expect(edges(foreign)).toEqual([]);
  });

  it("go round in no circle at run time", () => {
    expect(cyclic(graph)).toEqual([]);
  });

  it("lead to files that are there, to builtins of Node, and to peers", () => {
    const edges = names.flatMap((name) => graph.get(name)?.imports ?? []);
    const needed = Object.values(OWN_NEEDS).flat();
    const strange = edges.filter(
      ({ to, typeOnly }) =>
        !graph.has(to) &&
        !to.startsWith("node:") &&
        !(PEERS.includes(to) && (typeOnly || needed.includes(to))),
    );
    expect(strange).toEqual([]);
  });

  it("wait for nothing: with a top-level await, `require` could not load them", () => {
    expect(names.filter((name) => graph.get(name)?.topLevelAwait)).toEqual([]);
  });

  it("are not used to add to the types of others: two managers would share them", () => {
    expect(names.filter((name) => graph.get(name)?.augments)).toEqual([]);
  });

  it("are all that the two entries for apps and for tests have", () => {
    expect(names.filter((name) => graph.get(name)?.reExportsOnly)).toEqual(["index", "testing"]);
  });
});

describe.each([...ENTRIES])("the subpath %s", (subpath, file) => {
  it("brings in no store and no adapter but its own", () => {
    const own = file.replace(/\.ts$/, "");
    // The app of the adapter contract keeps its sessions in memory.
    const allowed = subpath === "./testing" ? ["stores/memory"] : [own];
    const brought = [...closureOf(graph, own)].filter((name) => EDGE.test(name));
    expect(brought.filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it("needs no package but its own peers, and of Node what every server runtime has", () => {
    const runtime = closureOf(graph, file.replace(/\.ts$/, ""), ({ typeOnly }) => !typeOnly);
    const foreign = [...runtime].filter((name) => !graph.has(name));
    const allowed = ["node:crypto", "node:net", ...(OWN_NEEDS[subpath] ?? [])];
    expect(foreign.filter((name) => !allowed.includes(name))).toEqual([]);
  });
});

describe("the reader of imports", () => {
  it.each<[code: string, imports: string[]]>([
    ['import { a } from "./a.ts";', ["dir/a"]],
    ['import type { A } from "../a.ts";', ["type a"]],
    // Under verbatimModuleSyntax, `import {} from "./a.ts"` is left of it.
    ['import { type A } from "./a.ts";', ["dir/a"]],
    ['import "node:net";', ["node:net"]],
    ['export { a } from "./a.ts";', ["dir/a"]],
    ['export type { A } from "./a.ts";', ["type dir/a"]],
    ['export * from "./a.ts";', ["dir/a"]],
    ['export const a = () => import("pg");', ["pg"]],
    ["export const a = (name: string) => import(name);", ["(computed)"]],
    ['export type A = import("./a.ts").A;', ["type dir/a"]],
    ["export const a = 1;", []],
  ])("sees what %s brings in", (code, imports) => {
    expect(factsOf("dir/file.ts", code).imports.map(shown)).toEqual(imports);
  });

  it.each<[code: string, awaits: boolean]>([
    ["await 1;", true],
    ["for await (const a of []) a;", true],
    ["export const a = await 1;", true],
    ["export const a = async () => await 1;", false],
    ["export class A { async b() { for await (const a of []) a; await 1; } }", false],
  ])("knows whether %s waits", (code, awaits) => {
    expect(factsOf("file.ts", code).topLevelAwait).toBe(awaits);
  });

  it.each<[code: string, augments: boolean]>([
    ["declare global { interface A {} } export {};", true],
    ['declare module "express" { interface Request {} } export {};', true],
    ["declare const a: 1; export { a };", false],
  ])("knows whether %s adds to others", (code, augments) => {
    expect(factsOf("file.ts", code).augments).toBe(augments);
  });

  it("finds circles that are left when the types are gone", () => {
    const file = (...to: string[]) => factsOf("f.ts", to.map((name) => `import "./${name}.ts";`).join("\n"));
    const types = factsOf("f.ts", 'import type { A } from "./a.ts";');
    expect(
      cyclic(
        new Map([
          ["a", file("b")],
          ["b", file("c")],
          ["c", types],
        ]),
      ),
    ).toEqual([]);
    expect(
      cyclic(
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
