import { runtimeSuite } from "./_runtime.ts";

// The tools run on Node. The tests run inside workerd.
await runtimeSuite("Node 24", { title: "workerd", config: "workerd/vitest.config.ts" });
