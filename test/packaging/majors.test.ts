import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGE, ROOT } from "../support/entries.ts";
import { listen } from "../support/listen.ts";

/** A framework or a driver: the majors that the tests run on, and where each is installed. */
interface Tested {
  readonly majors: Readonly<Record<string, string>>;
  /** What the documentation calls it, and where. */
  readonly name?: string;
  readonly page?: string;
}

const MATRIX: Readonly<Record<string, Tested>> = JSON.parse(
  readFileSync(`${ROOT}test/support/majors.json`, "utf8"),
);

/** "2 and 3" */
const listed = new Intl.ListFormat("en");

describe("the majors that the tests run on", () => {
  const installed = Object.entries(MATRIX).flatMap(([name, { majors }]) =>
    Object.entries(majors).map(([major, path]) => ({ name, major, path })),
  );
  it.each(installed)("$name $major is installed at $path", ({ name, major, path }) => {
    const at = path.indexOf("node_modules/");
    const lockfile = JSON.parse(readFileSync(`${ROOT}${path.slice(0, at)}package-lock.json`, "utf8"));
    const locked = lockfile.packages[path.slice(at)];
    // The lockfile names the package where the folder has another name.
    expect(locked?.name ?? path.slice(at + "node_modules/".length)).toBe(name);
    expect(`${locked.version}.`).toMatch(new RegExp(`^${major.replaceAll(".", "\\.")}\\.`));
  });

  const peers = Object.entries(PACKAGE.peerDependencies ?? {});
  it.each(peers)("the peer range of %s takes them and no others: %s", (name, range) => {
    const majors = range.split(" || ").map((part) => /^\^(\d+)\.\d+\.\d+$/.exec(part)?.[1]);
    expect(majors).toEqual(Object.keys(MATRIX[name]?.majors ?? {}));
  });

  const pages = new Set(Object.values(MATRIX).flatMap(({ page = [] }) => page));
  it.each([...pages])("docs/%s names them", (page) => {
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

  /** What it says of a matrix, given the npm registry at an address. */
  async function said(matrix: Readonly<Record<string, Tested>>, origin = registry.origin) {
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

  it("says nothing where the tests run on the newest major of each package", async () => {
    const koa = { majors: { "3": "node_modules/koa2", "4": "node_modules/koa" } };
    expect(await said({ koa, libsql })).toEqual({ exit: 0, output: "" });
  });

  it("fails with a line for each package whose newest major they leave out", async () => {
    const koa = { majors: { "2": "node_modules/koa2", "3": "node_modules/koa" } };
    const lmdb = { majors: { "0.5": "node_modules/lmdb" } };
    expect(await said({ koa, libsql, lmdb })).toEqual({
      exit: 1,
      output:
        "koa: 4 is the newest major, and the tests run on 2, 3. Add it to test/support/majors.json.\n" +
        "lmdb: 0.6 is the newest major, and the tests run on 0.5. Add it to test/support/majors.json.\n",
    });
  });

  it("fails with npm's own error where the registry does not answer", async () => {
    const { exit, output } = await said({ libsql }, "http://127.0.0.1:1");
    expect(exit).toBe(2);
    expect(output).toMatch(/^libsql: npm did not report the newest version\.\n.*ECONNREFUSED/s);
  });
});
