import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { ContractClient } from "../../src/testing/_contract-client.ts";
import { listen } from "./_listen.ts";

/** What of a Hono app is needed, whatever its types. */
interface Fetching {
  readonly fetch: Parameters<typeof getRequestListener>[0];
}

/** Runs the app on Node for as long as `use` takes. */
export async function running(
  app: Fetching,
  use: (client: ContractClient, origin: string) => Promise<void>,
): Promise<void> {
  const { origin, close } = await listen(createServer(getRequestListener(app.fetch)));
  try {
    await use(new ContractClient(origin), origin);
  } finally {
    await close();
  }
}

/** The names of the cookies, each as often as it is set. */
export function names(cookies: readonly string[]): string[] {
  return cookies.map((line) => line.split("=")[0] ?? "").sort();
}
