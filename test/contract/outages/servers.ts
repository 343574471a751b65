import { signalTree } from "../../support/servers/process-tree.ts";
import type { ServerProcess } from "../../support/servers/server.ts";
import type { OutageServer } from "./outages.ts";

/** A server that the suite has started, made to fail. `end` is the signal that ends it in order, without waiting for clients. */
export function failing(
  { port, process }: { readonly port: number; readonly process: ServerProcess },
  end: "SIGTERM" | "SIGINT",
): OutageServer {
  const tree = async (signal: "SIGKILL" | "SIGSTOP" | "SIGCONT") => {
    if (process.pid !== undefined) await signalTree(process.pid, signal);
  };
  return {
    port,
    freeze: () => tree("SIGSTOP"),
    thaw: () => tree("SIGCONT"),
    kill: async () => {
      await tree("SIGKILL");
      // Waits for its end.
      await process.signal("SIGKILL");
    },
    shutDown: () => process.signal(end),
    startAgain: () => process.start(port),
  };
}
