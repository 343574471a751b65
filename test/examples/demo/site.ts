import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { memoryStore } from "sessionup/stores/memory";
import { createApp, type DemoOptions } from "../../../examples/demo/app.ts";
import { createManager, type DemoManager } from "../../../examples/demo/manager.ts";

/** The demo on a free port. */
export interface Site {
  readonly url: string;
  /** Breaks the connections of the requests for a path. */
  disconnect(path: string): void;
  close(): Promise<void>;
}

export async function startSite(
  manager: DemoManager = createManager(memoryStore()),
  options: DemoOptions = {},
): Promise<Site> {
  const running = new Set<IncomingMessage>();
  const server = createServer(createApp(manager, options)).listen(0);
  server.on("request", (request, response) => {
    running.add(request);
    response.on("close", () => running.delete(request));
  });
  await once(server, "listening");
  return {
    // Not 127.0.0.1: browsers keep Secure cookies only for localhost.
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    disconnect(path) {
      for (const { url, socket } of running) if (url === path) socket.destroy();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await manager.close();
    },
  };
}
