import { readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { ENTRIES, ROOT } from "../support/entries.ts";
import { exportedBy } from "../support/exported.ts";
import { publicApi } from "./_public-api.ts";

const FOLDER = "test/packaging/api";
let api: ReadonlyMap<string, string>;

beforeAll(async () => {
  api = await publicApi();
});

/** The file that holds the snapshot of a subpath: `./stores/redis` has `stores/redis.md`. */
function snapshotFile(subpath: string): string {
  return `${subpath === "." ? "index" : subpath.slice(2)}.md`;
}

describe("the public API", () => {
  it.each([...ENTRIES.keys()])(
    "the types of %s match the committed snapshot (update: vitest -u)",
    async (subpath) => {
      await expect(api.get(subpath)).toMatchFileSnapshot(`${ROOT}${FOLDER}/${snapshotFile(subpath)}`);
    },
  );

  it("every snapshot belongs to an existing subpath", () => {
    const wanted = new Set([...ENTRIES.keys()].map(snapshotFile));
    const files = readdirSync(ROOT + FOLDER, { recursive: true, encoding: "utf8" });
    const snapshots = files.map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".md"));
    expect(snapshots.filter((file) => !wanted.has(file))).toEqual([]);
  });

  it.each([...ENTRIES])(
    "%s exports at run time exactly the values that its types declare",
    async (_, file) => {
      const module: object = await import(pathToFileURL(`${ROOT}src/${file}`).href);
      const values = exportedBy(file).filter(({ typeOnly }) => !typeOnly);
      expect(Object.keys(module).sort()).toEqual(values.map(({ name }) => name).sort());
    },
  );
});
