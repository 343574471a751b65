import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGE, ROOT } from "../support/entries.ts";
import { listen } from "../support/listen.ts";

/** A framework or driver: the majors that the tests run on, with their paths. */
interface Tested {
  readonly majors: Readonly<Record<string, string>>;
  /** The name in the documentation. */
  readonly name?: string;
  /** The page that lists the majors. */
  readonly page?: string;
}

const MATRIX: Readonly<Record<string, Tested>> = JSON.parse(
  readFileSync(`${ROOT}test/support/majors.json`, "utf8"),
);

/** "2 and 3" */
const listed = new Intl.ListFormat("en");

describe("tested majors", () => {
  const installed = Object.entries(MATRIX).flatMap(([name, { majors }]) =>
    Object.entries(majors).map(([major, path]) => ({ name, major, path })),
  );
  it.each(installed)("$name $major is installed at $path", ({ name, major, path }) => {
    const at = path.indexOf("node_modules/");
    const lockfile = JSON.parse(readFileSync(`${ROOT}${path.slice(0, at)}package-lock.json`, "utf8"));
    const locked = lockfile.packages[path.slice(at)];
    // The lockfile contains the package name when the folder has another name.
    expect(locked?.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)).toBe(name);
    expect(`${locked.version}.`).toMatch(new RegExp(`^${major.replaceAll(".", "\\.")}\\.`));
  });

  const peers = Object.entries(PACKAGE.peerDependencies ?? {});
  it.each(peers)("the peer range of %s accepts exactly the tested majors: %s", (name, range) => {
    const majors = range.split(" || ").map((part) => /^\^(\d+)\.\d+\.\d+$/.exec(part)?.[1]);
    expect(majors).toEqual(Object.keys(MATRIX[name]?.majors ?? {}));
  });

  const pages = new Set(Object.values(MATRIX).flatMap(({ page = [] }) => page));
  it.each([...pages])("docs/%s lists the tested majors", (page) => {
    const each = Object.values(MATRIX)
      .filter((one) => one.page === page)
      .map(({ name, majors }) => `${name} ${listed.format(Object.keys(majors))}`);
    const text = readFileSync(`${ROOT}docs/${page}`, "utf8").replaceAll(/\s+/g, " ");
    expect(/Works with .*?\.(?= )/.exec(text)?.[0]).toBe(`Works with ${each.join("; ")}.`);
  });
});

describe("npm run majors", () => {
  const folder = mkdtempSync(join(tmpdir(), "sessionup-majors-"));
  let registry: Awaited<ReturnType<typeof listen>>;
  beforeAll(async () => {
    const latest: Readonly<Record<string, string>> = {
      "/koa": "4.0.1",
      "/libsql": "0.5.30",
      "/lmdb": "0.6.0",
    };
    registry = await listen(
      createServer(({ url = "" }, response) => {
        const version = latest[url];
        const name = url.slice(1);
        response.end(
          JSON.stringify({
            name,
            "dist-tags": { latest: version },
            versions: { [`${version}`]: { name, version } },
          }),
        );
      }),
    );
  });
  afterAll(async () => {
    await registry?.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs scripts/majors.mjs with a matrix and an npm registry. */
  async function runMajors(matrix: Readonly<Record<string, Tested>>, origin = registry.origin) {
    const file = join(folder, "majors.json");
    writeFileSync(file, JSON.stringify(matrix));
    const npm = { registry: origin, cache: join(folder, "cache"), fetch_retries: "0" };
    const env = Object.fromEntries(Object.entries(npm).map(([name, value]) => [`npm_config_${name}`, value]));
    const script = promisify(execFile)(process.execPath, [`${ROOT}scripts/majors.mjs`, file], {
      env: { ...process.env, ...env },
    });
    const { code = 0, stdout, stderr } = await script.catch((error) => error);
    return { exit: code, output: `${stdout}${stderr}` };
  }

  const libsql = { majors: { "0.5": "node_modules/libsql" } };

  it("npm run majors prints nothing when the tests run on the newest major of each package", async () => {
    const koa = { majors: { "3": "node_modules/koa2", "4": "node_modules/koa" } };
    expect(await runMajors({ koa, libsql })).toEqual({ exit: 0, output: "" });
  });

  it("npm run majors fails with a line for each package whose newest major is not tested", async () => {
    const koa = { majors: { "2": "node_modules/koa2", "3": "node_modules/koa" } };
    const lmdb = { majors: { "0.5": "node_modules/lmdb" } };
    expect(await runMajors({ koa, libsql, lmdb })).toEqual({
      exit: 1,
      output:
        "koa: 4 is the newest major, and the tests run on 2, 3. Add it to test/support/majors.json.\n" +
        "lmdb: 0.6 is the newest major, and the tests run on 0.5. Add it to test/support/majors.json.\n",
    });
  });

  it("npm run majors fails with npm's error when the registry does not answer", async () => {
    const { exit, output } = await runMajors({ libsql }, "http://127.0.0.1:1");
    expect(exit).toBe(2);
    expect(output).toMatch(/^libsql: npm did not report the newest version\.\n.*ECONNREFUSED/s);
  });
});
