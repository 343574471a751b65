/** Tests of the behaviour that all commands share: help, errors, terminals, pipes and modules. */
// cspell:ignore lsit brwoser
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCommands } from "../../src/cli/commands.ts";
import { formatCommandHelp, formatProgramHelp } from "../../src/cli/help.ts";
import { measureWidth } from "../../src/cli/text-width.ts";
import { PACKAGE } from "../support/entries.ts";
import { Cli } from "./_cli.ts";

const COMMANDS = await loadCommands();
let cli: Cli;

/** A module of an app, as an operator names it. Its output must not end up among the results. */
const MODULE = `
import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { signIn } from "sessionup/testing";
console.log("the app starts");
const day = 86_400_000;
let now = Date.UTC(2020, 0, 1);
const clock = () => now;
let logins = 0;
const geo = () => ({ country: logins++ % 2 ? "FR" : "DE" });
export const manager = new Manager(memoryStore(), { clock, client: { geo }, expiresIn: "400d" });
manager.events.on("ended", ({ reason, by }) => console.error("ended", reason, by.kind, by.id));
const userAgent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15";
const users = ["ann@example.com", "日本語ユーザー名前テスト長い名前", "👨‍👩‍👧 family", "eve\\u001b]0;owned\\u0007\\u009b2J\\nbob", "x".repeat(300)];
for (const [index, user] of users.entries()) {
  await signIn(manager, user, { ip: index % 2 ? "2001:db8:85a3::8a2e:370:7334" : "203.0.113.1", userAgent });
  now += day;
}
`;

beforeAll(async () => {
  cli = await Cli.create(["pg", "ioredis"]);
  cli.write("sessions.js", MODULE);
});

afterAll(() => cli?.remove());

const withModule = { SESSIONUP_STORE: "./sessions.js" };

describe("help", () => {
  // docs/reference/cli.md has the texts, and test/docs/cli.test.ts compares them.
  it("the program's help needs no store", async () => {
    expect(await cli.runProcess(["--help"])).toEqual({
      code: 0,
      stdout: `${formatProgramHelp(COMMANDS)}\n`,
      stderr: "",
    });
  });

  it.each(COMMANDS)("the help of $name fits into 80 columns", async (command) => {
    const { code, stdout } = await cli.run([command.name, "--help"]);
    expect([code, stdout]).toEqual([0, `${formatCommandHelp(command)}\n`]);
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("help <command> is the same as <command> --help", async () => {
    expect((await cli.run(["help", "list"])).stdout).toBe((await cli.run(["list", "--help"])).stdout);
  });

  it("every command has two to four examples that begin with its own name", () => {
    for (const { name, examples } of COMMANDS) {
      expect([name, examples.length >= 2 && examples.length <= 4]).toEqual([name, true]);
      for (const [, line] of examples) expect(line).toContain(`sessionup ${name}`);
    }
  });

  it("--version prints the version of the package", async () => {
    expect(await cli.runProcess(["--version"])).toMatchObject({ code: 0, stdout: `${PACKAGE.version}\n` });
  });
});

describe("a wrong command line", () => {
  it.each([
    [[], /Usage\n/],
    [["--json"], /Name a command/],
    [["lsit"], /"lsit" is not a command\.\n {2}Did you mean "list"\?/],
    [["list", "--brwoser", "x"], /Did you mean "--browser"\?/],
    [["list"], /Name the store with --store or the variable SESSIONUP_STORE/],
    [["list", "--store", "mongo://x"], /not the beginning of a store's URL/],
    [["list", "--store", "redis://x", "--table", "t"], /--table is not an option of this store \(redis\)/],
    [["list", "--store", "./sessions.js", "--ip", "1.2.3"], /--ip must be an address/],
    [
      ["list", "--store", "./sessions.js", "--created-after", "1d", "--created-before", "2d"],
      /No session can match/,
    ],
    [["revoke", "--store", "./sessions.js"], /Name one session, or a user with --user/],
    [["revoke-where", "--store", "./sessions.js", "--yes"], /Give at least one filter, or --everyone/],
    [["completion", "tcsh"], /"tcsh" is not one of bash, zsh, fish/],
  ])("%j explains itself on the standard error, with exit code 2", async (args, message) => {
    const outcome = await cli.run(args);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(message);
  });
});

describe("drivers and connections", () => {
  it("a missing driver is named with the command that installs it", async () => {
    const { code, stderr } = await cli.run(["count", "--store", "mysql://app@127.0.0.1:1/app"]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/No driver for this store is installed in .*\n.*npm install mysql2\n/),
    ]);
  });

  it.each(["redis://:hunter2pass@127.0.0.1:1", "postgres://app:hunter2pass@127.0.0.1:1/app"])(
    "%s: a server that does not answer fails with exit code 1 and without the password",
    async (url) => {
      const { code, stdout, stderr } = await cli.run(["list", "--store", url, "--timeout", "2s"]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/ECONNREFUSED/);
      expect(stderr).not.toContain("hunter2pass");
      const doctor = await cli.run(["doctor", "--store", url, "--timeout", "2s"]);
      expect(doctor.code).toBe(1);
      expect(doctor.stdout).toMatch(/^fail\tconnection\t.*ECONNREFUSED.*\tCheck the address/m);
    },
  );

  it("a database file that does not exist is not created", async () => {
    const fresh = await Cli.create(["libsql", "lmdb"]);
    for (const store of ["sqlite:typo.db", "lmdb:typo.lmdb"]) {
      const { code, stderr } = await fresh.run(["count", "--store", store]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("There is no file")]);
    }
    fresh.remove();
  });
});

describe("a module of the app", () => {
  it("its manager is used, and what it prints is not part of the result", async () => {
    const { code, stdout, stderr } = await cli.runProcess(["list", "--country", "FR", "--json"], withModule);
    expect(code).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).geo.country),
    ).toEqual(["FR", "FR"]);
    expect(stderr).toContain("the app starts");
  });

  it("its listeners hear of what the operator ends, with the operator's name", async () => {
    const { code, stderr } = await cli.runProcess(
      ["revoke", "--user", "ann@example.com", "--by", "grace"],
      withModule,
    );
    expect([code, stderr]).toEqual([0, expect.stringContaining("ended revoked admin grace")]);
  });

  it.each([
    ["a store as the default export", "export default memoryStore();"],
    ["a promise of a store", "export const store = Promise.resolve(memoryStore());"],
  ])("it may export %s", async (_, code) => {
    cli.write("other.mjs", `import { memoryStore } from "sessionup/stores/memory";\n${code}\n`);
    expect(await cli.runProcess(["count", "--store", "./other.mjs"])).toMatchObject({
      code: 0,
      stdout: "0\n",
    });
  });

  it("a CommonJS module works, too", async () => {
    cli.write("other.cjs", 'module.exports = { store: require("sessionup/stores/memory").memoryStore() };');
    expect(await cli.runProcess(["count", "--store", "./other.cjs"])).toMatchObject({
      code: 0,
      stdout: "0\n",
    });
  });

  it("a module without a store is explained", async () => {
    cli.write("empty.js", "export const nothing = 1;");
    const { code, stderr } = await cli.runProcess(["count", "--store", "./empty.js"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("must export a Manager or a store")]);
  });

  it("a module that throws is explained, with the cause", async () => {
    cli.write("broken.js", 'throw new Error("DATABASE_URL is missing");');
    const { code, stderr } = await cli.runProcess(["count", "--store", "./broken.js"]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/cannot be loaded\.\n {2}because: DATABASE_URL is missing\n/),
    ]);
  });

  // Node loads such a module itself from 22.18 on.
  it.runIf(process.version.startsWith("v20."))(
    "a TypeScript module is explained where Node cannot load it",
    async () => {
      cli.write(
        "typed.ts",
        'import { memoryStore } from "sessionup/stores/memory";\nexport const store: object = memoryStore();',
      );
      const { code, stderr } = await cli.runProcess(["count", "--store", "./typed.ts"]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/it is TypeScript\.\n.*--import tsx/)]);
    },
  );
});

describe("output", () => {
  it("lines with tabs have no control characters", async () => {
    const { stdout } = await cli.runProcess(["list"], withModule);
    expect(stdout.split("\n")).toHaveLength(6);
    expect(stdout.replace(/[\t\n]/g, "")).not.toMatch(/\p{Cc}/u);
    expect(stdout).toContain("eve\\u001b]0;owned\\u0007\\u009b2J\\nbob");
  });

  it("JSON has no control characters either, and parses to the same key", async () => {
    const { stdout } = await cli.runProcess(["list", "--json"], withModule);
    expect(stdout.replace(/\n/g, "")).not.toMatch(/\p{Cc}/u);
    const keys = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).userKey);
    expect(keys).toContain("eve\u001b]0;owned\u0007\u009b2J\nbob");
  });

  it("a reader that has enough, such as head, ends the command without an error", async () => {
    // Without the days between the logins, in which sessions of the first users would expire.
    cli.write(
      "many.js",
      MODULE.replace("now += day", "").replace(
        "const users = [",
        'const users = [...Array.from({ length: 3_000 }, (_, at) => "user-" + at), ',
      ),
    );
    const child = cli.spawn(["list", "--all", "--json", "--store", "./many.js"]);
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, stderr.replace("the app starts\n", "")]).toEqual([0, ""]);
  });

  it("Ctrl-C lets the current step end, says what was done, and exits with 130", async () => {
    cli.write(
      "slow.js",
      `import { Manager } from "sessionup";
import { memoryStore } from "sessionup/stores/memory";
import { signIn } from "sessionup/testing";
const store = memoryStore();
const { deleteById } = store;
store.deleteById = async (...args) => {
  await new Promise((resolve) => setTimeout(resolve, 2));
  return deleteById.apply(store, args);
};
export const manager = new Manager(store);
for (let user = 0; user < 2_500; user++) await signIn(manager, "user-" + user);
manager.events.on("ended", () => console.error("an end"));
`,
    );
    const child = cli.spawn(["revoke-where", "--created-after", "1h", "--yes", "--store", "./slow.js"]);
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      if (!stderr.includes("an end") && String(chunk).includes("an end")) child.kill("SIGINT");
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect([code, stderr]).toEqual([
      130,
      expect.stringMatching(
        /Interrupted\. Ended [\d ]+ sessions until then\. Run it again for the rest\.\n$/,
      ),
    ]);
  });

  it("colours appear only where they are wanted", async () => {
    const plain = await cli.run(["list", "--help"]);
    const forced = await cli.run(["list", "--help"], { FORCE_COLOR: "1" });
    const both = await cli.run(["list", "--help"], { FORCE_COLOR: "1", NO_COLOR: "1" });
    expect([plain, forced, both].map(({ stdout }) => stdout.includes("\u001b["))).toEqual([
      false,
      true,
      false,
    ]);
  });
});

// macOS and Windows have no such program, or another one of the same name.
const HAS_TERMINAL = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** Removes progress, and the sequence that removes it on a terminal. */
function own(text: string): string {
  const shown = text
    .replace("the app starts\n", "")
    .split("\n")
    .map((line) => line.split("\r\u001b[K").at(-1));
  return shown.join("\n");
}

describe.runIf(HAS_TERMINAL)("on a terminal", () => {
  it.each([80, 60, 120])(
    "a list fits into %i columns, with any characters in the user keys",
    async (columns) => {
      const { code, stdout } = await cli.runOnTerminal(["list"], { columns, env: withModule });
      const lines = own(stdout).trimEnd().split("\n");
      expect([code, lines.length]).toEqual([0, 6]);
      for (const line of lines) expect(measureWidth(line)).toBeLessThanOrEqual(columns);
      expect(own(stdout).replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
      await expect(
        own(stdout)
          .replace(/^\w{22}/gm, "x".repeat(22))
          .replace(/\d+y/g, "9y"),
      ).toMatchFileSnapshot(`_tables/list-${columns}.txt`);
    },
  );

  it("revoke-where shows a sample, and ends nothing unless the number is typed", async () => {
    const filter = ["revoke-where", "--country", "FR"];
    const refused = await cli.runOnTerminal(filter, { input: "3\n", env: withModule });
    expect(refused.code).toBe(1);
    expect(own(refused.stdout)).toMatch(
      /2 sessions of 2 users match:[\s\S]*Type 2 to end them: [\s\S]*Nothing was ended\./,
    );
    expect(refused.stdout).not.toContain("ended revoked");
    const confirmed = await cli.runOnTerminal(filter, { input: "2\n", env: withModule });
    expect([confirmed.code, own(confirmed.stdout)]).toEqual([
      0,
      expect.stringContaining("Ended 2 sessions."),
    ]);
  });

  it("Ctrl-C at the question ends nothing, with exit code 130", async () => {
    const { code, stdout } = await cli.runOnTerminal(["revoke-where", "--everyone"], {
      input: "\u0003",
      env: withModule,
    });
    expect([code, stdout]).toEqual([130, expect.stringContaining("Nothing was ended.")]);
  });

  it("erase-user asks for the word", async () => {
    const { code, stdout } = await cli.runOnTerminal(["erase-user", "ann@example.com"], {
      input: "yes\n",
      env: withModule,
    });
    expect([code, stdout]).toEqual([1, expect.stringContaining("Nothing was erased.")]);
  });

  it("show and doctor fit into 80 columns", async () => {
    const [id = ""] = (await cli.runProcess(["list", "-n", "1"], withModule)).stdout.split("\t");
    expect(id).not.toBe("");
    for (const args of [["doctor"], ["verify"]]) {
      const { stdout } = await cli.runOnTerminal(args, { env: withModule });
      expect(
        own(stdout)
          .split("\n")
          .filter((line) => measureWidth(line) > 80),
      ).toEqual([]);
    }
  });
});
