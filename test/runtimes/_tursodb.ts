import { type Client, createClient } from "@libsql/client";
import { freePort, ServerProcess, serverFolder } from "../support/servers/server.ts";
import { program } from "./packages.ts";

/**
 * Turso's database as a server of its own, spoken to by `@libsql/client` over HTTP. No `sqld` can be installed from a
 * package; this one has of the same protocol (Hrana 2, JSON) the requests that carry SQL, and none that store or close.
 */
export class TursoServer {
  #server: ServerProcess | undefined;
  port = 0;

  async start(): Promise<void> {
    const [folder, port] = await Promise.all([serverFolder("tursodb"), freePort()]);
    const args = ["-q", "sessions.db", "--sync-server", `127.0.0.1:${port}`];
    this.#server = new ServerProcess(program("tursodb"), args, folder);
    this.port = port;
    await this.#server.start(port);
  }

  client(port: number): Client {
    return createClient({ url: `http://127.0.0.1:${port}`, fetch: withoutStoredTexts });
  }

  async signal(signal: "SIGSTOP" | "SIGCONT" | "SIGTERM" | "SIGKILL"): Promise<void> {
    await this.#server?.signal(signal);
  }

  async startAgain(): Promise<void> {
    await this.#server?.start(this.port);
  }

  async stop(): Promise<void> {
    await this.#server?.remove();
  }
}

interface Text {
  readonly sql?: string;
  readonly sql_id?: number;
}

type Asked =
  | { readonly type: "store_sql"; readonly sql_id: number; readonly sql: string }
  | { readonly type: "execute"; readonly stmt: Text }
  | { readonly type: "batch"; readonly batch: { readonly steps: ReadonlyArray<{ readonly stmt: Text }> } }
  | { readonly type: "close" | "close_sql" };

/** Puts texts that the client stores into the statements that name them, and answers for what the server has not. */
async function withoutStoredTexts(request: Request): Promise<Response> {
  if (request.method !== "POST") return fetch(request);
  const { requests, baton }: { requests: readonly Asked[]; baton: unknown } = await request.json();
  const texts = new Map(
    requests.flatMap((each) => (each.type === "store_sql" ? [[each.sql_id, each.sql]] : [])),
  );
  const told = ({ sql_id, ...rest }: Text) => ({
    ...rest,
    ...(sql_id !== undefined && { sql: texts.get(sql_id) }),
  });
  const asked = requests.flatMap((each): unknown[] => {
    if (each.type === "execute") return [{ ...each, stmt: told(each.stmt) }];
    if (each.type !== "batch") return [];
    const steps = each.batch.steps.map((step) => ({ ...step, stmt: told(step.stmt) }));
    return [{ ...each, batch: { ...each.batch, steps } }];
  });
  const response = await fetch(request.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ baton, requests: asked }),
  });
  if (!response.ok) return response;
  const { results }: { results: unknown[] } = await response.json();
  const answers = requests.map(({ type }) =>
    type === "execute" || type === "batch" ? results.shift() : { type: "ok", response: { type } },
  );
  return Response.json({ baton: null, base_url: null, results: answers });
}
