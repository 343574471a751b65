import { createServer, type RequestListener } from "node:http";
import { ContractClient } from "../../src/testing/adapter/client.ts";
import { listen } from "../support/listen.ts";

/** Serves the listener until `use` settles. */
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

/** Returns the sorted names of the cookies, one for each Set-Cookie header. */
export function names(cookies: readonly string[]): string[] {
  return cookies.map((line) => line.split("=")[0] ?? "").sort();
}
