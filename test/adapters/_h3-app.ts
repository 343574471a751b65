import { createServer } from "node:http";
import { type H3, toNodeHandler } from "h3";
import { ContractClient } from "../../src/testing/_contract-client.ts";
import { listen } from "./_listen.ts";

/** Runs the app on Node for as long as `use` takes. */
export async function running(
  app: H3,
  use: (client: ContractClient, origin: string) => Promise<void>,
): Promise<void> {
  const { origin, close } = await listen(createServer(toNodeHandler(app)));
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
