import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A response. */
export interface Answer {
  readonly status: number;
  /** By lower-case name. The last line wins. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** The header lines that set cookies. */
  readonly cookies: readonly string[];
}

/** A device: curl with its own cookie jar. */
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

  /** Sends later requests to another address. Cookies do not depend on the port. */
  moveTo(site: string): void {
    this.#site = site;
  }

  get(path: string, ...args: readonly string[]): Promise<Answer> {
    return this.#curl(path, args);
  }

  /** Submits a form. */
  post(path: string, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const data = Object.entries(fields).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
    return this.#curl(path, ["--request", "POST", ...data]);
  }

  /** Returns the cookies in curl's jar, one per line. */
  async cookies(): Promise<readonly string[]> {
    const jar = await readFile(join(this.#folder, "jar"), "utf8");
    return jar.split("\n").filter((line) => line.includes("\t"));
  }

  async cookieNames(): Promise<readonly string[]> {
    return (await this.cookies()).map((line) => line.split("\t")[5] ?? "").sort();
  }

  /** Returns the line of a cookie in curl's jar. */
  async cookie(name: string): Promise<string | undefined> {
    return (await this.cookies()).find((line) => line.split("\t")[5] === name);
  }

  /** Deletes the cookie jar. */
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
    return {
      status: Number(first.split(" ")[1]),
      headers: new Map(headers),
      body: stdout.slice(end + 4),
      cookies: headers.flatMap(([name, value]) => (name === "set-cookie" ? [value] : [])),
    };
  }
}

/** Returns the session ids on the page of devices, this device first, then newest first. */
export function idsOn({ body }: Answer): readonly string[] {
  return [...body.matchAll(/name="id" value="(\w+)"/g)].map(([, id = ""]) => id);
}

/** Returns the error message that the page shows. */
export function alertOn({ body }: Answer): string | undefined {
  return /role="alert" id="problem">([^<]*)</.exec(body)?.[1];
}

/** Returns the notice that the page shows. */
export function noticeOn({ body }: Answer): string | undefined {
  return /role="status">([^<]*)</.exec(body)?.[1];
}

export function footerOn({ body }: Answer): string | undefined {
  return /<footer>([^<]*)</.exec(body)?.[1];
}

/** Returns the header line that sets a cookie. */
export function setCookie({ cookies }: Answer, name: string): string | undefined {
  return cookies.find((line) => line.startsWith(`${name}=`));
}

/** Returns the status and the location, such as "303 /login". */
export function outcome({ status, headers }: Answer): string {
  return [status, headers.get("location")].join(" ").trim();
}
