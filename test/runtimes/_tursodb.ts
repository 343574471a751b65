import { type Client, createClient } from "@libsql/client";
import { freePort, ServerProcess, serverFolder } from "../support/servers/server.ts";
import { program } from "./packages.ts";

/**
 * Runs Turso's database as a server, which `@libsql/client` calls over HTTP. No package contains `sqld`. This
 * server implements the requests of the same protocol (Hrana 2, JSON) that carry SQL, but not those that
 * store or close.
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
    return createClient({ url: `http://127.0.0.1:${port}`, fetch: fetchWithoutStoredSql });
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

type HranaRequest =
  | { readonly type: "store_sql"; readonly sql_id: number; readonly sql: string }
  | { readonly type: "execute"; readonly stmt: Text }
  | { readonly type: "batch"; readonly batch: { readonly steps: ReadonlyArray<{ readonly stmt: Text }> } }
  | { readonly type: "close" | "close_sql" };

/**
 * Replaces references to stored SQL with the SQL itself, and answers the requests that the server does not
 * implement.
 */
async function fetchWithoutStoredSql(request: Request): Promise<Response> {
  if (request.method !== "POST") return fetch(request);
  const { requests, baton }: { requests: readonly HranaRequest[]; baton: unknown } = await request.json();
  const texts = new Map(
    requests.flatMap((each) => (each.type === "store_sql" ? [[each.sql_id, each.sql]] : [])),
  );
  const withSql = ({ sql_id, ...rest }: Text) => ({
    ...rest,
    ...(sql_id !== undefined && { sql: texts.get(sql_id) }),
  });
  const supported = requests.flatMap((each): unknown[] => {
    if (each.type === "execute") return [{ ...each, stmt: withSql(each.stmt) }];
    if (each.type !== "batch") return [];
    const steps = each.batch.steps.map((step) => ({ ...step, stmt: withSql(step.stmt) }));
    return [{ ...each, batch: { ...each.batch, steps } }];
  });
  const response = await fetch(request.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ baton, requests: supported }),
  });
  if (!response.ok) return response;
  const { results }: { results: unknown[] } = await response.json();
  const answers = requests.map(({ type }) =>
    type === "execute" || type === "batch" ? results.shift() : { type: "ok", response: { type } },
  );
  return Response.json({ baton: null, base_url: null, results: answers });
}
