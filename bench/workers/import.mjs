import { readTask } from "../child.mjs";

/** Measures how long a fresh process takes to import a module, in milliseconds. */
const { url } = readTask();
const start = performance.now();
const module = await import(url);
const took = performance.now() - start;
if (Object.keys(module).length === 0) throw new Error(`${url} exports nothing`);
console.log(JSON.stringify({ took }));
process.exit();
