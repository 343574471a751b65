import { signalTree } from "../../support/servers/process-tree.ts";
import type { ServerProcess } from "../../support/servers/server.ts";
import type { OutageServer } from "./outages.ts";

/** Wraps a started server so that tests can make it fail. `end` is the signal for a clean, immediate shutdown. */
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
      // Waits until the process has exited.
      await process.signal("SIGKILL");
    },
    shutDown: () => process.signal(end),
    startAgain: () => process.start(port),
  };
}
