import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  type AuditEntry,
  type AuditFormat,
  type AuditSink,
  fileSink,
  httpSink,
  loggerSink,
  toEcs,
  toOcsf,
} from "sessionup/audit";
import { listen } from "../support/listen.ts";

const FORMATS: Readonly<Record<string, AuditFormat>> = { entry: (entry) => entry, ocsf: toOcsf, ecs: toEcs };

/** The places to which audit logs write: files, a server, a logger and a sink of the app, in every format. */
export class AuditPlaces {
  /** The entries that the app's own sink has received. */
  readonly entries: AuditEntry[] = [];
  readonly #folder: string;
  readonly #origin: string;
  readonly #close: () => Promise<unknown>;
  /** The texts that the server and the logger have received. */
  readonly #received: string[];

  private constructor(folder: string, origin: string, received: string[], close: () => Promise<unknown>) {
    this.#folder = folder;
    this.#origin = origin;
    this.#received = received;
    this.#close = close;
  }

  static async open(): Promise<AuditPlaces> {
    const received: string[] = [];
    const server = createServer(async (request, response) => {
      request.on("data", (part) => received.push(String(part)));
      await once(request, "end");
      received.push(inspect(request.headers));
      response.end();
    });
    const { origin, close } = await listen(server);
    return new AuditPlaces(await mkdtemp(join(tmpdir(), "sessionup-audit-")), origin, received, close);
  }

  /** Returns sinks for one audit log. */
  createSinks(): readonly AuditSink[] {
    const log = (...given: readonly unknown[]) => this.#received.push(inspect(given, { depth: 9 }));
    const formatted = Object.entries(FORMATS).flatMap(([name, format]) => [
      fileSink(join(this.#folder, `${name}.jsonl`), { format, sync: false }),
      httpSink(this.#origin, { format }),
      loggerSink({ info: log }, { format }),
    ]);
    const own: AuditSink = {
      write: (entries) => void this.entries.push(...entries),
    };
    return [...formatted, own];
  }

  /** Returns the texts that have arrived in every place. */
  async read(): Promise<readonly string[]> {
    const names = await readdir(this.#folder);
    const files = await Promise.all(names.map((name) => readFile(join(this.#folder, name), "utf8")));
    return [...files, ...this.#received, JSON.stringify(this.entries)];
  }

  async close(): Promise<void> {
    await this.#close();
    await rm(this.#folder, { recursive: true });
  }
}
