import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { ENTRIES, ROOT, sourceFiles } from "../support/entries.ts";
import { closureOf, cyclic, factsOf, type Import, importGraph } from "./_import-graph.ts";

/**
 * What each file under src/ may import; `type` before a name allows its types alone, `_*` and `*` stand for the rest
 * of a path. The rule of a whole name goes before one with `_*`, that before one with `*`.
 */
const RULES: Readonly<Record<string, readonly string[]>> = {
  // The contracts know nobody.
  duration: [],
  errors: [],
  exchange: [],
  store: [],
  // What a session is.
  session: ["type session-data", "type store"],
  "session-data": ["type session", "type store"],
  meta: ["deep-freeze", "errors", "type session", "type store"],
  shard: ["node:crypto"],
  "deep-freeze": [],
  "known-options": [],
  "user-key": [],
  // Decisions: no I/O, nothing of those who carry them out, nothing of one another's folders.
  "policy/*": ["type session-data", "type store"],
  "policy/moving": ["session-data"],
  "policy/rotation": ["type session-data", "type store", "policy/freshness"],
  "policy/admission": ["session-data", "type store", "policy/lifetime", "policy/rotation"],
  "identity/*": ["type session", "type session-data", "identity/address", "identity/_*", "node:net"],
  "identity/_*": [],
  "identity/place": ["type store"],
  "identity/agent": ["type session", "identity/client-hints", "identity/user-agent"],
  "identity/client": ["type exchange", "type session", "identity/*"],
  "wire/*": ["errors", "type exchange", "wire/cookie", "wire/token"],
  "wire/token": ["type session", "node:crypto"],
  "wire/signature": ["wire/token", "node:crypto"],
  "wire/form-token": ["type wire/signature", "wire/token"],
  "wire/revocation-token": ["type session", "type wire/signature", "wire/token"],
  "wire/device-cookie": ["type exchange", "wire/cookie", "type wire/signature", "wire/token"],
  // Carrying them out, from the bottom up.
  events: ["type errors", "type identity/change", "type session", "type store"],
  "cookie-options": ["type exchange", "known-options", "session-data", "wire/cookie"],
  "client-options": [
    "type exchange",
    "known-options",
    "type session",
    "signing-keys",
    "type store",
    "wire/device-cookie",
    "type wire/signature",
  ],
  "signing-keys": ["wire/signature"],
  options: [
    "client-options",
    "cookie-options",
    "duration",
    "identity/trust-proxy",
    "known-options",
    "type meta",
    "limits",
    "type policy/assurance",
    "type policy/lifetime",
    "signing-keys",
    "type store",
    "type wire/signature",
    "wire/token",
  ],
  provider: ["known-options", "user-key", "wire/token"],
  "guarded-store": ["errors", "type store"],
  authentication: [
    "type errors",
    "type policy/admission",
    "policy/freshness",
    "session",
    "type session-data",
    "type store",
    "type wire/token",
  ],
  ledger: [
    "errors",
    "type events",
    "guarded-store",
    "type options",
    "policy/*",
    "type session",
    "type session-data",
    "shard",
    "type store",
    "wire/token",
  ],
  "seen-client": ["type events", "type exchange", "type identity/change", "identity/client", "type options"],
  arrivals: [
    "type events",
    "type exchange",
    "identity/*",
    "type ledger",
    "type options",
    "policy/admission",
    "policy/lifetime",
    "seen-client",
    "session-data",
  ],
  upkeep: [
    "type events",
    "type exchange",
    "type ledger",
    "type options",
    "policy/*",
    "type session",
    "type session-data",
    "type store",
    "wire/token",
    "type wire/session-cookie",
  ],
  refusals: [
    "authentication",
    "type errors",
    "type exchange",
    "type ledger",
    "type policy/admission",
    "type store",
    "type wire/session-cookie",
  ],
  authenticator: [
    "authentication",
    "errors",
    "type events",
    "type exchange",
    "identity/*",
    "type ledger",
    "type meta",
    "type options",
    "policy/*",
    "refusals",
    "seen-client",
    "type session",
    "type store",
    "upkeep",
    "wire/token",
    "type wire/session-cookie",
  ],
  manager: [
    "arrivals",
    "authentication",
    "authenticator",
    "duration",
    "errors",
    "events",
    "type exchange",
    "known-options",
    "ledger",
    "limits",
    "meta",
    "options",
    "policy/*",
    "provider",
    "session",
    "session-data",
    "session-policy",
    "signing-keys",
    "step-up",
    "type store",
    "type upkeep",
    "user-key",
    "wire/*",
  ],
  "step-up": ["duration", "type errors", "known-options", "type policy/freshness"],
  limits: ["duration", "policy/assurance", "wire/cookie"],
  "policy-words": ["duration", "type session-policy", "type store"],
  "session-policy": [
    "type client-options",
    "type options",
    "type policy/assurance",
    "policy/lifetime",
    "policy-words",
    "type store",
    "wire/cookie",
  ],
  guards: ["known-options", "type policy/freshness", "step-up", "type upkeep"],
  "request-state": ["type authentication", "type exchange", "type upkeep"],
  routes: [
    "type duration",
    "errors",
    "known-options",
    "type policy/freshness",
    "type session",
    "step-up",
    "wire/rejection",
  ],
  sessions: [
    "authentication",
    "errors",
    "type exchange",
    "guards",
    "known-options",
    "type manager",
    "policy/freshness",
    "request-state",
    "routes",
    "type session",
    "step-up",
    "type upkeep",
    "user-key",
  ],
  "bound-sessions": ["type session", "type sessions", "type step-up"],
  // The edges. None knows another, nor a sibling that has no `_`.
  "stores/*": ["duration", "errors", "known-options", "shard", "type store", "stores/_*"],
  // The one store that opens a file by itself.
  "stores/_lmdb-owner": ["errors", "node:fs", "node:net", "node:path"],
  "stores/_*": [
    "deep-freeze",
    "duration",
    "errors",
    "shard",
    "type store",
    "stores/_*",
    "node:crypto",
    "node:buffer",
  ],
  "adapters/*": [
    "bound-sessions",
    "errors",
    "type exchange",
    "type guards",
    "known-options",
    "type manager",
    "routes",
    "type session",
    "sessions",
    "wire/cookie",
    "wire/rejection",
    "adapters/_*",
  ],
  // The types that flow through its chain are its own.
  "adapters/hono": [
    "type errors",
    "type exchange",
    "type guards",
    "known-options",
    "type manager",
    "type routes",
    "type session",
    "sessions",
    "wire/cookie",
    "adapters/_*",
    "type hono",
  ],
  "adapters/_*": [
    "type errors",
    "type exchange",
    "type routes",
    "wire/cookie",
    "wire/rejection",
    "type node:http",
    "adapters/_*",
  ],
  // It tells our errors from the app's.
  "adapters/_answered": ["errors"],
  // A response of Node's own, for a request that comes with a bare socket.
  "adapters/_ws-handshake": ["node:http", "type node:net", "type node:stream", "adapters/_node-exchange"],
  "adapters/_ws-connections": [
    "type authentication",
    "duration",
    "type events",
    "type session",
    "type node:stream",
  ],
  "adapters/ws": [
    "duration",
    "type errors",
    "type guards",
    "known-options",
    "type manager",
    "sessions",
    "type node:http",
    "type node:stream",
    "adapters/_*",
  ],
  "adapters/nest": [
    "errors",
    "type guards",
    "known-options",
    "type manager",
    "type routes",
    "type session",
    "sessions",
    "wire/rejection",
    "adapters/_*",
    "@nestjs/common",
    "@nestjs/core",
    "rxjs",
  ],
  "testing/*": [
    "duration",
    "errors",
    "type guards",
    "manager",
    "type session",
    "type sessions",
    "shard",
    "type store",
    // The app of the adapter contract is built on it.
    "stores/memory",
    "testing/*",
    "wire/token",
    "node:assert/strict",
    "node:net",
  ],
  // Signs in as an adapter does, over an exchange of its own.
  "testing/sign-in": ["type exchange", "known-options", "manager", "type session", "sessions", "wire/cookie"],
  context: ["bound-sessions", "type sessions", "node:async_hooks"],
  client: ["type session"],
  index: [
    "type client-options",
    "type cookie-options",
    "bound-sessions",
    "duration",
    "errors",
    "type events",
    "type exchange",
    "type guards",
    "type identity/*",
    "manager",
    "meta",
    "type options",
    "type policy/assurance",
    "type provider",
    "type routes",
    "type session",
    "type session-policy",
    "sessions",
    "shard",
    "type step-up",
    "type store",
  ],
};

/** The stores and adapters that a subpath brings in besides itself, and why. */
const EXCEPTIONS: ReadonlyArray<{ subpath: string; brings: string; reason: string }> = [
  {
    subpath: "./testing",
    brings: "stores/memory",
    reason: "the adapter contract's app keeps sessions in it",
  },
];

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

function fits(pattern: string, name: string): boolean {
  if (!pattern.endsWith("*")) return pattern === name;
  const start = pattern.slice(0, -1);
  return name.startsWith(start) && !name.slice(start.length).includes("/");
}

function ruleOf(name: string): string | undefined {
  const fitting = Object.keys(RULES).filter((pattern) => fits(pattern, name));
  const rank = (pattern: string) => (pattern.endsWith("_*") ? 1 : pattern.endsWith("*") ? 2 : 0);
  return fitting.sort((a, b) => rank(a) - rank(b))[0];
}

function allows(permission: string, { to, typeOnly }: Import): boolean {
  const name = permission.replace(/^type /, "");
  return fits(name, to) && (typeOnly || name === permission);
}

function shown({ to, typeOnly }: Import): string {
  return typeOnly ? `type ${to}` : to;
}

describe("the imports of src/", () => {
  it("follow the rules", () => {
    const broken = names.flatMap((name) => {
      const permissions = RULES[ruleOf(name) ?? ""] ?? [];
      const refused = graph
        .get(name)
        ?.imports.filter((edge) => !permissions.some((may) => allows(may, edge)));
      return refused?.map((edge) => `${name} imports ${shown(edge)}`) ?? [];
    });
    expect(broken).toEqual([]);
  });

  it("are under a rule, each file of them", () => {
    expect(names.filter((name) => !ruleOf(name))).toEqual([]);
  });

  it("need every permission of the rules", () => {
    const unused = Object.entries(RULES).flatMap(([pattern, permissions]) => {
      const edges = names
        .filter((name) => ruleOf(name) === pattern)
        .flatMap((name) => graph.get(name)?.imports ?? []);
      // One that needs no more than the types may have no more.
      const needed = (may: string) =>
        edges.some(
          (edge) => allows(may, edge) && (may.startsWith("type ") || may.endsWith("*") || !edge.typeOnly),
        );
      const left = permissions.filter((may) => !needed(may)).map((may) => `${pattern} may import ${may}`);
      return names.some((name) => ruleOf(name) === pattern) ? left : [`no file is under the rule ${pattern}`];
    });
    expect(unused).toEqual([]);
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

  it("are all that the two index files have", () => {
    expect(names.filter((name) => graph.get(name)?.reExportsOnly)).toEqual(["index", "testing/index"]);
  });
});

describe.each([...ENTRIES])("the subpath %s", (subpath, file) => {
  it("brings in no store and no adapter but its own", () => {
    const own = file.replace(/\.ts$/, "");
    const excepted = EXCEPTIONS.filter((each) => each.subpath === subpath).map(({ brings }) => brings);
    const brought = [...closureOf(graph, own)].filter((name) => /^(stores|adapters)\//.test(name));
    const foreign = brought.filter(
      (name) =>
        ![own, ...excepted].some((may) => name === may || name.startsWith(`${may.split("/", 1)[0]}/_`)),
    );
    expect(foreign).toEqual([]);
    expect(excepted.filter((name) => !brought.includes(name))).toEqual([]);
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
