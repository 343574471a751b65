import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const INSTALL = fileURLToPath(new URL("_install-package.mjs", import.meta.url));
const CONTROL = `Package: hello-sessions
Version: 1
Architecture: all
Maintainer: tests
Description: a package for installation tests
`;

/** The reason why these tests cannot run on this system, if any. */
export const noDebian: string | undefined = ["apt-get", "dpkg-deb"].every((name) =>
  existsSync(`/usr/bin/${name}`),
)
  ? undefined
  : "needs Debian's apt-get and dpkg";

/** A running program. */
export interface Running {
  /** Returns the output so far. */
  output(): string;
  /** The exit code. */
  readonly ended: Promise<number | null>;
  /** Writes the line for which the program waits. */
  release(): void;
}

/**
 * A Debian root in a folder, with the single package `hello-sessions`. The system's apt-get and dpkg work on the folder and
 * do not change the system.
 */
export class PrivateDebian {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "sessionup-debian-"));
  readonly #children: ChildProcess[] = [];

  static async make(): Promise<PrivateDebian> {
    const debian = new PrivateDebian();
    await debian.#make();
    return debian;
  }

  async #make(): Promise<void> {
    const folders = ["lists/partial", "archives/partial", "package/DEBIAN", "package/opt", "repository"];
    for (const each of [...folders, "root/var/lib/dpkg/info", "root/var/lib/dpkg/updates"])
      mkdirSync(join(this.#folder, each), { recursive: true });
    this.#write("root/var/lib/dpkg/status", "");
    this.#write("package/DEBIAN/control", CONTROL);
    this.#write("package/opt/hello-sessions", "hello");
    const archive = join(this.#folder, "repository/hello.deb");
    await promisify(execFile)("dpkg-deb", ["--build", join(this.#folder, "package"), archive]);
    const bytes = readFileSync(archive);
    const sum = createHash("sha256").update(bytes).digest("hex");
    this.#write(
      "repository/Packages",
      `${CONTROL}Filename: ./hello.deb\nSize: ${bytes.length}\nSHA256: ${sum}\n`,
    );
    this.#write("sources.list", `deb [trusted=yes] file:${this.#folder}/repository ./\n`);
    this.#write(
      "apt.conf",
      `Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "${this.#folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "${this.#folder}";
Dir::State::status "${this.#folder}/root/var/lib/dpkg/status";
Dir::Cache "${this.#folder}";
Dir::Log "${this.#folder}";
APT::Sandbox::User "";
DPkg::Options { "--root=${this.#folder}/root"; "--force-not-root"; "--force-bad-path"; "--log=${this.#folder}/dpkg.log"; };
`,
    );
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  /** Starts an installation in the same way as the tests install their servers. */
  install(name = "hello-sessions"): Running {
    return this.#start(process.execPath, [INSTALL, name]);
  }

  /** Starts apt-get with a script that apt-get runs midway. */
  aptGet(script: string, ...args: readonly string[]): Running {
    return this.#start("apt-get", ["-o", script, ...args]);
  }

  isInstalled(): boolean {
    return existsSync(join(this.#folder, "root/opt/hello-sessions"));
  }

  #start(file: string, args: readonly string[]): Running {
    const child = spawn(file, args, { env: { ...process.env, APT_CONFIG: join(this.#folder, "apt.conf") } });
    this.#children.push(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Buffer) => {
        output += text;
      });
    }
    return {
      output: () => output,
      ended: new Promise((resolve) => child.on("close", resolve)),
      release: () => child.stdin.end("\n"),
    };
  }

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
