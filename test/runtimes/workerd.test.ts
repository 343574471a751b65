import { runtimeSuite } from "./_runtime.ts";

// Its tools are programs of Node; the tests run inside of workerd.
await runtimeSuite("Node 24", { title: "workerd", config: "workerd/vitest.config.ts" });
