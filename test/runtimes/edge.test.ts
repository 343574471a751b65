import { beforeAll, describe, expect, it } from "vitest";
import { ENTRIES } from "../support/entries.ts";
import type { Outcome } from "./_contract-worker.ts";
import { bundled, workerd } from "./_edge.ts";
import { installEngines } from "./packages.ts";

await installEngines();

/** Subpaths for frameworks that run only on Node. */
const NODE_ONLY: Readonly<Record<string, string>> = { "./nest": "NestJS is a framework for Node" };

describe("edge runtimes", () => {
  const bundles = new Map<string, string>();
  let loaded: Readonly<Record<string, readonly string[]>> = {};

  beforeAll(async () => {
    for (const [subpath, file] of ENTRIES) {
      if (subpath in NODE_ONLY) continue;
      const { outputFiles } = await bundled(`export * from "./src/${file}";`);
      bundles.set(subpath, outputFiles[0]?.text ?? "");
    }
    const modules = [...bundles].map(([subpath, contents]) => {
      return { type: "ESModule", path: `/bundles/${subpath.slice(2) || "index"}.js`, contents };
    });
    const imports = modules.map(({ path }, index) => `import * as module${index} from "${path}";`);
    const names = [...bundles.keys()].map((name, index) => `"${name}": Object.keys(module${index})`);
    const worker = `${imports.join("\n")}
      export default { fetch: () => Response.json({ ${names.join(", ")} }) };`;
    const server = await workerd({
      modulesRoot: "/",
      modules: [{ type: "ESModule", path: "/worker.js", contents: worker }, ...modules],
    });
    loaded = await (await fetch(server.origin)).json();
    await server.close();
  }, 60_000);

  describe.each([...ENTRIES])("the subpath %s", (subpath, file) => {
    const reason = NODE_ONLY[subpath];
    if (reason) return it.skip(`bundles without polyfills and without other packages (skipped: ${reason})`);

    it("bundles without polyfills and without other packages", async () => {
      const { metafile, warnings } = await bundled(`export * from "./src/${file}";`);
      expect(warnings).toEqual([]);
      const inputs = Object.keys(metafile.inputs).filter((path) => path !== "entry.ts");
      expect(inputs.filter((path) => !path.startsWith("src/"))).toEqual([]);
      expect(inputs).toContain(`src/${file}`);
    });

    it("loads in workerd with all of its exports", async () => {
      const module: object = await import(/* @vite-ignore */ `../../src/${file}`);
      expect(loaded[subpath]?.toSorted()).toEqual(Object.keys(module).sort());
      expect(loaded[subpath]?.length).toBeGreaterThan(0);
    });
  });
});

const outcomes = await contractOutcomes();

describe("sessionup/fetch on workerd", () => {
  it("the whole contract runs", () => expect(outcomes.length).toBeGreaterThan(50));
  for (const { group, title, status, error } of outcomes) {
    if (status === "skipped") it.skip(`${group} > ${title}`);
    else
      it(`${group} > ${title}`, () => {
        if (error) throw new Error(error);
      });
  }
});

/** Runs the contract in a Worker. Returns the outcome of each test. */
async function contractOutcomes(): Promise<readonly Outcome[]> {
  const { outputFiles } = await bundled(
    'export * from "./test/runtimes/_contract-worker.ts"; export { default } from "./test/runtimes/_contract-worker.ts";',
  );
  const server = await workerd({
    modules: true,
    script: outputFiles[0]?.text,
    durableObjects: { CONTRACT: "Contract" },
  });
  try {
    return await (await fetch(`${server.origin}/run-the-contract`)).json();
  } finally {
    await server.close();
  }
}
