import { once } from "node:events";
import type { Server } from "node:net";

/** Starts a server on a free port of 127.0.0.1. */
export async function listen(
  server: Server & { closeAllConnections?(): void },
  scheme = "http",
): Promise<{ origin: string; close(): Promise<void> }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null)
    throw new Error("The server does not listen on a TCP port.");
  return {
    origin: `${scheme}://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections?.();
      await closed;
    },
  };
}
