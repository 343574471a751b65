import { readFileSync } from "node:fs";

/** The modules that an app would import: each subpath of sessionup, and the other libraries. */

const root = new URL("../", import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

/** @type {readonly { name: string, url: string }[]} */
export const SUBPATHS = [
  ...Object.entries(exports)
    .filter(([, target]) => typeof target === "object")
    .map(([subpath, target]) => ({
      name: `sessionup${subpath.slice(1)}`,
      url: new URL(target.default, root).href,
    })),
  ...[
    "express-session",
    "memorystore",
    "connect-redis",
    "connect-pg-simple",
    "@fastify/session",
    "@fastify/secure-session",
    "hono-sessions",
    "koa-session",
    "iron-session",
    "better-auth",
  ].map((name) => ({ name, url: import.meta.resolve(name) })),
];
