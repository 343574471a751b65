import { taskOf } from "../child.mjs";

/** How long a fresh process takes to import something, in milliseconds. */
const { url } = taskOf();
const start = performance.now();
const module = await import(url);
const took = performance.now() - start;
if (Object.keys(module).length === 0) throw new Error(`${url} exports nothing`);
console.log(JSON.stringify({ took }));
process.exit();
