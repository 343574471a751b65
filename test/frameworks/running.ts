import { createServer, type RequestListener } from "node:http";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";

/** Runs what answers requests on Node for as long as `use` takes. */
export async function runningOn(
  listener: RequestListener,
  use: (client: ContractClient, origin: string) => Promise<void>,
): Promise<void> {
  const { origin, close } = await listen(createServer(listener));
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
