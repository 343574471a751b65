import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** What a request was answered. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; of several lines the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A device: the real curl with a cookie jar of its own. */
export class Device {
  #site: string;
  readonly #folder: string;

  private constructor(site: string, folder: string) {
    this.#site = site;
    this.#folder = folder;
  }

  static async of(site: string): Promise<Device> {
    return new Device(site, await mkdtemp(join(tmpdir(), "sessionup-demo-")));
  }

  /** The site has another address from now on; cookies do not mind another port. */
  moveTo(site: string): void {
    this.#site = site;
  }

  get(path: string, ...args: readonly string[]): Promise<Answer> {
    return this.#curl(path, args);
  }

  /** Sends a form. */
  post(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const data = Object.entries(fields).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
    return this.#curl(path, ["--request", "POST", ...data]);
  }

  /** The cookies as curl has them on disk, a line each. */
  async cookies(): Promise<readonly string[]> {
    const jar = await readFile(join(this.#folder, "jar"), "utf8");
    return jar.split("\n").filter((line) => line.includes("\t"));
  }

  /** Takes its jar away. */
  async discard(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }

  async #curl(path: string, args: readonly string[]): Promise<Answer> {
    const jar = join(this.#folder, "jar");
    const own = [
      "--silent",
      "--show-error",
      "--include",
      "--max-time",
      "20",
      "--cookie",
      jar,
      "--cookie-jar",
      jar,
    ];
    const { stdout } = await promisify(execFile)("curl", [...own, ...args, this.#site + path]).catch(
      (error) => {
        if (error.code === "ENOENT")
          throw new Error("curl is missing: install it (Debian: apt-get install curl)");
        throw error;
      },
    );
    const end = stdout.indexOf("\r\n\r\n");
    const [first = "", ...lines] = stdout.slice(0, end).split("\r\n");
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    return { status: Number(first.split(" ")[1]), headers: new Map(headers), body: stdout.slice(end + 4) };
  }
}

/** The ids on the page of devices, newest first. */
export function idsOn({ body }: Answer): readonly string[] {
  return [...body.matchAll(/name="id" value="(\w+)"/g)].map(([, id = ""]) => id);
}

/** What the page says went wrong. */
export function alertOn({ body }: Answer): string | undefined {
  return /role="alert"[^>]*>([^<]*)</.exec(body)?.[1];
}

/** What the page says was done. */
export function noticeOn({ body }: Answer): string | undefined {
  return /role="status">([^<]*)</.exec(body)?.[1];
}

export function footerOn({ body }: Answer): string | undefined {
  return /<footer>([^<]*)</.exec(body)?.[1];
}

/** "303 /login" */
export function outcome({ status, headers }: Answer): string {
  return [status, headers.get("location")].join(" ").trim();
}
