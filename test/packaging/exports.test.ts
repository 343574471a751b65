import { describe, expect, it } from "vitest";
import { ENTRIES, PACKAGE, sourceFiles } from "../support/entries.ts";

/** The subpaths that are neither a store nor an adapter. */
const OTHERS: Readonly<Record<string, string>> = {
  ".": "index.ts",
  "./admin": "admin/admin.ts",
  "./audit": "audit/audit.ts",
  "./bearer": "bearer/bearer.ts",
  "./cache": "cache/cache.ts",
  "./client": "client.ts",
  "./client-validation": "client-validation/client-validation.ts",
  "./context": "context.ts",
  "./dpop": "dpop/dpop.ts",
  "./federation": "federation/federation.ts",
  "./live": "live/live.ts",
  "./opentelemetry": "telemetry/opentelemetry.ts",
  "./pocket": "pocket/pocket.ts",
  "./previous-cookies": "previous-cookies/previous-cookies.ts",
  "./recognition": "recognition/recognition.ts",
  "./report": "report/report.ts",
  "./routes": "http/routes.ts",
  "./signed": "signed.ts",
  "./sse": "live/sse.ts",
  "./testing": "testing.ts",
  "./user-agent": "client-info/user-agent/label-agent.ts",
};

/** Returns the subpath of a store or an adapter, and undefined for all other files of src/. */
function toSubpath(file: string): string | undefined {
  const [, folder, name] = /^(stores|adapters)\/([^_/][^/]*)\.ts$/.exec(file) ?? [];
  if (name === undefined) return undefined;
  return folder === "stores" ? `./stores/${name}` : `./${name}`;
}

describe("exports of package.json", () => {
  it("package.json exports every store and adapter, and no other file of their folders", () => {
    const wanted = sourceFiles().flatMap((file) => toSubpath(file) ?? []);
    expect([...ENTRIES.keys()].sort()).toEqual([...Object.keys(OTHERS), ...wanted].sort());
  });

  it("each subpath points to the build of the file with the same name", () => {
    const wanted = new Map(sourceFiles().map((file) => [toSubpath(file), file]));
    for (const [subpath, file] of ENTRIES) {
      expect(file).toBe(OTHERS[subpath] ?? wanted.get(subpath));
    }
  });

  it.each([...ENTRIES])("the export of %s lists the types before the module", (subpath, file) => {
    const built = `./dist/${file.replace(/\.ts$/, "")}`;
    // Resolvers take the first condition that matches, so `types` after `default` would never be used.
    expect(Object.entries(PACKAGE.exports[subpath] ?? {})).toEqual([
      ["types", `${built}.d.ts`],
      ["default", `${built}.js`],
    ]);
  });

  it("package.json exports itself for tools that read it", () => {
    expect(PACKAGE.exports["./package.json"]).toBe("./package.json");
  });

  it("every subpath has a size budget", () => {
    const budgets = PACKAGE["size-limit"] ?? [];
    const measured = budgets.flatMap((budget) => budget.path ?? Object.keys(budget.import));
    const expected = [...ENTRIES.values()].map((file) => `dist/${file.replace(/\.ts$/, ".js")}`);
    expect([...new Set(measured)].sort()).toEqual(expected.sort());
  });
});
