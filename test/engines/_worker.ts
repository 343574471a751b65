/** The Worker that runs the store contract on D1, inside Cloudflare's runtime. */
import { type D1, libsqlStore } from "../../src/stores/libsql.ts";
import { contractOutcomes } from "./_contract.ts";

export default {
  async fetch(_request: Request, { DB }: { DB: D1 }): Promise<Response> {
    await Promise.all([libsqlStore(DB).migrate(), libsqlStore(DB).migrate()]);
    const lines: string[] = [];
    for await (const outcome of contractOutcomes(() => libsqlStore(DB))) lines.push(JSON.stringify(outcome));
    return new Response(lines.join("\n"));
  },
};
